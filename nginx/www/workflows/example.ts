/* The example workflow, as tools/ has it, for one of the user's voices. */
import example from '../../../tools/example-workflow-voice-tts.json';
import { post, put, get } from '../api';
import type { VoiceProfile, Workflow } from './types';

const PLACE = '<YOUR_VOICE_PROFILE_ID>';

/* Makes it with the first voice that is ready; with none the node's voice is left open, and the editor says so. */
export async function createExample(): Promise<Workflow> {
	const profiles = await get<VoiceProfile[]>('/api/voice-profiles');
	const voice = profiles.find(({ trainingStatus }) => trainingStatus === 'ready')?.id ?? '';
	const { name, description, nodes, edges } = JSON.parse(JSON.stringify(example).replaceAll(PLACE, voice)) as typeof example;
	const made = await post<Workflow>('/api/workflows', { name, description });
	return put<Workflow>(`/api/workflows/${made.id}`, { nodes, edges });
}
