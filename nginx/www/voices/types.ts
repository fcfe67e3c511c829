/* Voice profiles and their samples as they are on the wire, and what they are called here. */
import type { VoiceProfile } from '../workflows/types';

export const PROFILES = '/api/voice-profiles';

export interface Sample {
	id: string;
	/* S3_PUBLIC_BASE_URL/KEY or s3://BUCKET/KEY. */
	fileUrl: string;
	durationSec: number;
	kind?: 'sample' | 'consent';
	/* null: it could not be decoded. */
	quality?: { advice: string[] } | null;
	createdAt: string;
}

export interface Profile extends VoiceProfile {
	providerVoiceId: string;
	trainingMessage?: string | null;
	createdAt: string;
	updatedAt: string;
	assets: Sample[];
}

/* A voice that a provider has. */
export interface ProviderVoice {
	id: string;
	name: string;
	language: string | null;
	category: string | null;
	description: string | null;
}

/* Those whose voices can be profiles. */
export const PROVIDERS = ['elevenlabs', 'azure', 'openai'];

export const STATUS: Record<Profile['trainingStatus'], { label: string; kind: 'plain' | 'good' | 'info' | 'bad' }> = {
	pending: { label: 'Not trained yet', kind: 'plain' },
	training: { label: 'In training', kind: 'info' },
	ready: { label: 'Ready', kind: 'good' },
	failed: { label: 'Training failed', kind: 'bad' },
};

/* The voice id that says that training makes a new voice of the samples; of Azure's personal voices the model that speaks it. */
export const CLONED: Record<string, string> = { elevenlabs: '', azure: 'DragonLatestNeural' };

/* Whether training makes a new voice of the samples. */
export function isCloned({ provider, providerVoiceId }: Profile): boolean {
	return provider === 'azure' ? /^(Dragon|Phoenix)[^#:-]*$/.test(providerVoiceId) : provider === 'elevenlabs' && !providerVoiceId;
}

/* Whether the provider wants the speaker's consent as a recording too. */
export function wantsSpokenConsent(profile: Profile): boolean {
	return profile.provider === 'azure' && isCloned(profile);
}

/* The key under which storage/play knows it. */
export function keyOf({ fileUrl }: Sample): string {
	return fileUrl.slice(Math.max(0, fileUrl.indexOf('voice-assets/')));
}
