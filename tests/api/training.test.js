/* Making voices: who attested the speaker's consent, voices that take a while, and what goes with a profile. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { voiceover } from './client.js';
import { wav } from './samples.js';
import { AZURE_KEY, ELEVENLABS_KEY, Stack } from './stack.js';
import { until } from './until.js';

const BASE = '/api/voice-profiles';

describe('making a voice', () => {
	let stack, user;
	before(async () => {
		stack = await Stack.start();
		user = await stack.user();
		await user.post('/api/settings/keys', { service: 'elevenlabs', key: ELEVENLABS_KEY });
		await user.post('/api/settings/keys', { service: 'azure', key: AZURE_KEY });
		stack.expectLog(/ info .*training of voice profile .* ended/);
	});
	after(() => stack.stop());

	const read = async (id) => (await user.get(`${BASE}/${id}`)).body;
	const train = (id, body = {}) => user.post(`${BASE}/${id}/train`, body);
	async function profile(fields) {
		const { body, text } = await user.post(BASE, { name: 'Ada', provider: 'elevenlabs', ...fields });
		assert.ok(body.id, text);
		return body.id;
	}
	async function sample(id, bytes = wav(1.5), fields = {}) {
		const { status, body, text } = await user.upload(`${BASE}/${id}/assets`, bytes, { fields });
		assert.equal(status, 201, text);
		return body;
	}
	const voices = async () => {
		const answer = await fetch(`${stack.info.simulators.elevenlabs}/v1/voices`, { headers: { 'xi-api-key': ELEVENLABS_KEY } });
		return (await answer.json()).voices.map((voice) => voice.voice_id);
	};

	describe('consent', () => {
		test('without it nothing is cloned', async () => {
			const id = await profile();
			await sample(id);
			for (const body of [{ consent: false }, { attestedBy: 'Ada' }, { consent: 'yes' }]) {
				const answer = await train(id, body);
				assert.equal(answer.status, 400, answer.text);
				assert.match(answer.body.error, /consent/);
			}
			assert.equal((await read(id)).consent, null);
			assert.equal((await read(id)).providerVoiceId, '');
		});

		test('who attested it, and when, is written down', async () => {
			const id = await profile();
			await sample(id);
			assert.equal((await train(id, { consent: true, attestedBy: 'Ada Lovelace' })).status, 200);
			const { consent } = await read(id);
			assert.match(consent.attestedBy, /^Ada Lovelace/);
			assert.match(consent.attestedAt, /^\d{4}-.*Z$/);
			assert.match(await stack.sql(`SELECT action || ' ' || subject FROM audit_log WHERE subject LIKE '${id}%'`), /^voice_profile\.consent .*Ada Lovelace/);
		});

		test("the older front end's empty request counts by its terms", async () => {
			const id = await profile();
			await sample(id);
			assert.equal((await train(id)).status, 200);
			assert.match((await read(id)).consent.attestedBy, new RegExp(`^${user.user.email}.*terms`));
		});
	});

	test('a voice that has to be verified says so', async () => {
		await stack.provider('elevenlabs').control('config', { requiresVerification: true });
		const id = await profile();
		await sample(id);
		const { body } = await train(id, { consent: true });
		await stack.provider('elevenlabs').control('config', { requiresVerification: false });
		const kept = await read(id);
		assert.deepEqual([body.trainingStatus, kept.trainingStatus], ['pending', 'pending']);
		assert.match(kept.trainingMessage, /verified/);
	});

	describe('a deleted profile', () => {
		test('takes its voice, its samples and its speech along', async () => {
			const id = await profile();
			await sample(id);
			const voice = (await train(id, { consent: true })).body.providerVoiceId;
			assert.ok((await voices()).includes(voice));
			const run = await user.run(await user.workflow(voiceover(id)));
			const spoken = run.logs.at(-1).output.audioKey;
			assert.ok(spoken, JSON.stringify(run.logs.at(-1)));
			assert.deepEqual((await stack.objects(spoken)).length, 1);
			const answer = await user.delete(`${BASE}/${id}`);
			assert.deepEqual(answer.body, { message: 'Voice profile deleted', notDeleted: [] });
			assert.ok(!(await voices()).includes(voice));
			assert.equal((await stack.objects(spoken)).length, 0);
			assert.equal(await stack.sql('SELECT count(*) FROM file_deletions'), '0');
		});

		test("leaves a voice that was not made here", async () => {
			const [other] = await voices();
			const id = await profile({ providerVoiceId: other });
			await user.delete(`${BASE}/${id}`);
			assert.ok((await voices()).includes(other));
		});

		test('says what could not be deleted, and deletes files later', async () => {
			stack.expectLog(/ warn .*not deleted: /);
			const id = await profile();
			const { fileUrl } = await sample(id);
			stack.s3.configure({ fault: { kind: 'internal', times: 9, method: 'DELETE' } });
			const answer = await user.delete(`${BASE}/${id}`);
			stack.s3.configure({ fault: null });
			assert.equal(answer.status, 200);
			assert.match(answer.body.notDeleted[0], /The file voice-assets.*tried again in the background/);
			await stack.sql('UPDATE file_deletions SET due_at = now()');
			await until(async () => (await stack.objects(fileUrl.replace(/^s3:\/\/[^/]+\//, ''))).length === 0);
		});
	});

	describe("Azure's personal voices", () => {
		const WORDS = { consent: true, speaker: 'Ada Lovelace', company: 'Analytical Engines', locale: 'en-GB' };
		const personal = () => profile({ provider: 'azure', providerVoiceId: 'DragonLatestNeural' });

		test('want a recorded consent, and the words it says', async () => {
			const id = await personal();
			await sample(id);
			const wordless = await train(id, { consent: true });
			assert.equal(wordless.status, 400, wordless.text);
			assert.deepEqual(wordless.body.details.map(({ path }) => path[0]), ['speaker', 'company', 'locale'].slice(0, wordless.body.details.length));
			const unrecorded = await train(id, WORDS);
			assert.equal(unrecorded.status, 400);
			assert.match(unrecorded.body.error, /consent as a recording/);
		});

		test('are made step by step in the background, and speak', async () => {
			const id = await personal();
			await sample(id);
			const consent = await sample(id, wav(2), { kind: 'consent' });
			assert.equal(consent.kind, 'consent');
			const started = await train(id, WORDS);
			assert.deepEqual([started.status, started.body.trainingStatus], [200, 'training'], started.text);
			await until(async () => (await read(id)).trainingStatus !== 'training');
			const made = await read(id);
			assert.deepEqual([made.trainingStatus, made.trainingMessage], ['ready', null]);
			assert.match(made.providerVoiceId, /^DragonLatestNeural#[0-9a-f-]{36}$/);
			const run = await user.run(await user.workflow(voiceover(id)));
			assert.equal(run.status, 'COMPLETED', run.error);
			assert.deepEqual((await user.delete(`${BASE}/${id}`)).body.notDeleted, []);
		});

		test('that are refused say why', async () => {
			await stack.provider('azure').control('config', { consentResult: 'Failed' });
			const id = await personal();
			await sample(id);
			await sample(id, wav(2), { kind: 'consent' });
			await train(id, WORDS);
			await until(async () => (await read(id)).trainingStatus !== 'training');
			await stack.provider('azure').control('config', { consentResult: 'Succeeded' });
			const refused = await read(id);
			assert.equal(refused.trainingStatus, 'failed');
			assert.match(refused.trainingMessage, /consent/i);
		});
	});
});
