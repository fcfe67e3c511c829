/* OpenAI and Anthropic: keys, parameters, answers, the bill, faults, speech. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import * as anthropic from '../anthropic.js';
import { walk } from '../mp3.js';
import * as openai from '../openai.js';
import { call, TEXT } from './tools.js';

const MESSAGES = [{ role: 'user', content: TEXT }];
const JSON_TYPE = { 'content-type': 'application/json' };

const SERVICES = [
	{
		program: openai,
		path: '/v1/chat/completions',
		auth: { authorization: `Bearer ${openai.DEFAULT_KEY}` },
		model: 'gpt-4o-mini',
		read: ({ choices: [{ message, finish_reason: reason }], usage }) => [message.content, reason, usage.completion_tokens],
		reasons: ['stop', 'length'],
		failure: ({ error }) => error.code ?? error.type,
		refusals: [
			[{ model: 'nothing' }, 404, 'model_not_found'],
			[{ messages: [] }, 400, 'invalid_type'],
			[{ other: 1 }, 400, 'invalid_request_error'],
			[{ temperature: 3 }, 400, 'invalid_value'],
			[{ model: 'o4-mini' }, 400, 'unsupported_parameter'],
			[{ model: 'fault-quota' }, 429, 'insufficient_quota'],
			[{ model: 'fault-context' }, 400, 'context_length_exceeded'],
		],
	},
	{
		program: anthropic,
		path: '/v1/messages',
		auth: { 'x-api-key': anthropic.DEFAULT_KEY, 'anthropic-version': '2023-06-01' },
		model: 'claude-haiku-4-5',
		read: ({ content, stop_reason: reason, usage }) => [content[0].text, reason, usage.output_tokens],
		reasons: ['end_turn', 'max_tokens'],
		failure: ({ error }) => error.type,
		refusals: [
			[{ model: 'nothing' }, 404, 'not_found_error'],
			[{ messages: [] }, 400, 'invalid_request_error'],
			[{ other: 1 }, 400, 'invalid_request_error'],
			[{ temperature: 2 }, 400, 'invalid_request_error'],
			[{ model: 'claude-haiku-5-5', temperature: 0.5 }, 400, 'invalid_request_error'],
			[{ model: 'fault-overloaded' }, 529, 'overloaded_error'],
		],
	},
];

for (const { program, path, auth, model, read, reasons, failure, refusals } of SERVICES)
	describe(path, () => {
		let sim;
		before(async () => {
			sim = await program.start();
		});
		beforeEach(() => sim.reset());
		after(() => sim.close());

		const ask = (changes = {}, headers = auth) =>
			call(`${sim.url}${path}`, {
				method: 'POST',
				headers: { ...JSON_TYPE, ...headers },
				body: JSON.stringify({ model, messages: MESSAGES, max_tokens: 100, ...changes }),
			});

		it('writes, up to the limit, and keeps the bill', async () => {
			const [text, reason] = read((await ask()).json());
			assert.ok(text.endsWith(TEXT));
			const [cut, cutReason, tokens] = read((await ask({ max_tokens: 5 })).json());
			assert.deepEqual([cut.length, tokens], [20, 5]);
			assert.deepEqual([reason, cutReason], reasons);
			const charges = await call(`${sim.url}/_sim/charges`);
			assert.equal(charges.json().requests, 2);
		});

		it('refuses strangers and nonsense', async () => {
			assert.equal((await ask({}, { ...auth, authorization: 'Bearer x', 'x-api-key': 'x' })).status, 401);
			assert.equal((await ask({}, { 'anthropic-version': '2023-06-01' })).status, 401);
			for (const [changes, status, code] of refusals) {
				const answer = await ask(changes);
				assert.deepEqual([answer.status, failure(answer.json())], [status, code], JSON.stringify(changes));
			}
			const entries = (await call(`${sim.url}/_sim/charges`)).json();
			assert.equal(entries.requests, 0);
		});

		it('has the faults of faults.js', async () => {
			const statuses = [];
			for (let i = 0; i < 3; i++) statuses.push((await ask({ model: 'fault-429' })).status);
			assert.deepEqual(statuses, [429, 429, 200]);
			assert.equal((await ask({ model: 'fault-429-forever' })).headers['retry-after'], '1');
			await assert.rejects(ask({ model: 'fault-reset' }));
		});
	});

describe('/v1/audio/speech', () => {
	let sim;
	before(async () => {
		sim = await openai.start();
	});
	after(() => sim.close());

	const speak = (changes = {}) =>
		call(`${sim.url}/v1/audio/speech`, {
			method: 'POST',
			headers: { ...JSON_TYPE, authorization: `Bearer ${openai.DEFAULT_KEY}` },
			body: JSON.stringify({ model: 'tts-1', voice: 'nova', input: TEXT, ...changes }),
		});

	it('speaks MP3, and WAV whose sizes are not known', async () => {
		const mp3 = await speak();
		assert.equal(mp3.status, 200);
		assert.ok(walk(mp3.bytes).seconds > 1);
		const wav = (await speak({ response_format: 'wav' })).bytes;
		assert.deepEqual([wav.toString('latin1', 0, 4), wav.readUInt32LE(4), wav.readUInt32LE(40)], ['RIFF', 0xffffffff, 0xffffffff]);
	});

	it('is strict', async () => {
		for (const [changes, status] of [
			[{ model: 'gpt-4o' }, 404],
			[{ voice: 'nobody' }, 400],
			[{ input: '' }, 400],
			[{ input: 'x'.repeat(4097) }, 400],
			[{ response_format: 'ogg' }, 400],
			[{ speed: 5 }, 400],
			[{ other: 1 }, 400],
		])
			assert.equal((await speak(changes)).status, status, JSON.stringify(changes));
	});
});
