/* The services that a workflow may call, by their names in the API. */
const TITLES: Record<string, string> = { elevenlabs: 'ElevenLabs', azure: 'Azure', openai: 'OpenAI', anthropic: 'Anthropic' };

/* How a service is written; one that is not known here as the API has it. */
export function serviceTitle(name: string): string {
	return TITLES[name] ?? name;
}
