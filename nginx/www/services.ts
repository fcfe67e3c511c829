/* The services that a workflow may call, by their names in the API. */
const TITLES: Record<string, string> = { elevenlabs: 'ElevenLabs', azure: 'Azure', openai: 'OpenAI', anthropic: 'Anthropic' };

/* What a service calls itself; one that is not known by its name. */
export function serviceTitle(name: string): string {
	return TITLES[name] ?? name;
}
