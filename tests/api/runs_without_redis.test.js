/* Without Redis the responders run the workflows, in threads beside the one that answers. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { node, voiceover } from './client.js';
import { Stack, VOICE } from './stack.js';
import { until } from './until.js';

const POOL = 2;
const THREADS = 4;

describe('without Redis', () => {
	let stack;
	before(async () => {
		const env = { ENGINE_THREADS: String(THREADS), PROVIDER_TIMEOUT_S: '30' };
		stack = await Stack.start({ redis: false, pool: POOL, env });
	});
	after(() => stack?.stop());

	/* A user with a provider key of a plan that allows many calls at once. */
	const ownSpeaker = async () => {
		const key = `sim-elevenlabs-key-${crypto.randomUUID()}`;
		await stack.provider('elevenlabs').addKeys([key], { plan: 'business' });
		return Object.assign(await stack.speaker({ key }), { key });
	};
	/* The voices that the provider was asked for. */
	const spoken = async ({ key }) =>
		(await stack.provider('elevenlabs').requests(key)).map(({ path }) => decodeURIComponent(path.split('/').at(-1)));
	const start = async (client, workflow) => {
		const { status, body, text } = await client.post(`/api/workflows/${workflow}/execute`);
		assert.equal(status, 201, text);
		assert.equal(body.status, 'RUNNING');
		return body.id;
	};
	const running = (client, workflow, id) =>
		until(async () => {
			const { body } = await client.get(`/api/workflows/${workflow}/executions/${id}`);
			return body.logs.some(({ status }) => status === 'running');
		}, 'a step to run');

	test('a text becomes audio in S3', async () => {
		const user = await stack.speaker();
		const execution = await user.run(await user.workflow(voiceover(user.profile.id)));
		assert.equal(execution.status, 'COMPLETED', JSON.stringify(execution));
		assert.deepEqual(await stack.objects('voice-output/'), [execution.logs.at(-1).output.audioKey]);
	});

	test('the pool answers, and cancels, while more runs wait than it has threads for', async () => {
		stack.expectLog(/ info .*: stopping execution .*: the user cancelled it$/);
		const speaker = await ownSpeaker();
		const stalling = await stack.profile(speaker, 'elevenlabs', 'fault-stall');
		const slow = await speaker.workflow(voiceover(stalling.id));
		const stalled = [];
		for (let i = 0; i < POOL * THREADS; i++) stalled.push(await start(speaker, slow));
		for (const id of stalled) await running(speaker, slow, id);

		const quick = await speaker.workflow(voiceover(speaker.profile.id, 'One of many.'));
		const waiting = await Promise.all(Array.from({ length: 12 }, () => start(speaker, quick)));
		const answers = await Promise.all(Array.from({ length: 40 }, () => speaker.get(`/api/workflows/${quick}/executions`)));
		for (const { status, body } of answers) {
			assert.equal(status, 200);
			assert.ok(body.every(({ logs }) => logs.every((step) => step.status === 'idle')), 'every thread is taken');
		}

		for (const id of stalled) await speaker.post(`/api/workflows/${slow}/executions/${id}/cancel`);
		for (const id of stalled) assert.equal((await speaker.finished(slow, id)).status, 'CANCELLED');
		for (const id of waiting) assert.equal((await speaker.finished(quick, id)).status, 'COMPLETED');
		assert.equal((await spoken(speaker)).length, 2, 'either text was asked for once, however many runs wanted it');
	});

	test('a failed run is rerun from where it failed', async () => {
		const speaker = await ownSpeaker();
		const missing = await stack.profile(speaker, 'elevenlabs', 'fault-voice-404');
		const nodes = [
			...voiceover(speaker.profile.id, 'The first part.'),
			node('again', 'voice.tts', { voiceProfileId: missing.id, text: 'The second part.' }),
		];
		const workflow = await speaker.workflow(nodes);
		const failed = await speaker.run(workflow);
		assert.equal(failed.status, 'FAILED');
		await stack.sql(`UPDATE voice_profiles SET provider_voice_id = '${VOICE}' WHERE id = '${missing.id}'`);
		const { status, body } = await speaker.post(`/api/workflows/${workflow}/rerun`, { executionId: failed.id });
		assert.equal(status, 201);
		const done = await speaker.finished(workflow, body.id);
		assert.equal(done.status, 'COMPLETED', JSON.stringify(done));
		assert.deepEqual(done.logs.map(({ reusedFrom }) => reusedFrom ?? null), [failed.id, failed.id, failed.id, null]);
		assert.deepEqual(await spoken(speaker), [VOICE, 'fault-voice-404', VOICE]);
	});
});
