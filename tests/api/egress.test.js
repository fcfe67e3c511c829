/* The nodes that call URLs, in whole workflows: guarded, but for what EGRESS_ALLOW names. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { node } from './client.js';
import { Stack } from './stack.js';

/* A setting of its node: it stands in the workflow and in the runs' copies of it, but in no step. */
const SECRET = `whsec_${Buffer.alloc(32, 'secret').toString('base64')}`;

describe('calls to URLs', () => {
	let stack, user, server;
	let seen = [];
	const at = (host, path = '/') => `http://${host}:${server.address().port}${path}`;

	before(async () => {
		server = http.createServer((request, response) => {
			seen.push(request.headers);
			response.end(JSON.stringify({ hello: 'you' }));
		});
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
		stack = await Stack.start({ env: { EGRESS_ALLOW: 'localhost' } });
		user = await stack.user();
	});
	after(async () => {
		server.closeAllConnections();
		server.close();
		await stack?.stop();
	});

	const runOf = async (type, config) => {
		seen = [];
		const nodes = [node('start', 'manual-trigger'), node('call', type, config)];
		const execution = await user.run(await user.workflow(nodes));
		return execution.logs.find(({ nodeId }) => nodeId === 'call');
	};

	test('an allowed host answers', async () => {
		const { status, output } = await runOf('http-request', { url: at('localhost') });
		assert.equal(status, 'success');
		assert.deepEqual([output.statusCode, output.body], [200, { hello: 'you' }]);
	});

	test('another is refused, and not connected to', async () => {
		for (const [type, config] of [
			['http-request', { url: at('127.0.0.1') }],
			['notification', { channel: 'Slack', message: 'Hello', recipient: at('127.0.0.1') }],
		]) {
			const { status, error } = await runOf(type, config);
			assert.equal(status, 'error');
			assert.match(error, /127\.0\.0\.1 may not be called/);
			assert.equal(seen.length, 0);
		}
	});

	test('a signed notification leaves its secret out of the log', async () => {
		const config = { channel: 'Webhook', message: 'Hello', recipient: at('localhost'), secret: SECRET };
		const step = await runOf('notification', config);
		assert.equal(step.output.sent, true, step.error);
		assert.equal(step.output.messageId, seen[0]['webhook-id']);
		assert.ok(!JSON.stringify(step).includes(SECRET));
	});

	test('what cannot be delivered is an error', async () => {
		const { status, error } = await runOf('notification', { channel: 'Email', message: 'Hello', recipient: 'a@b.example' });
		assert.equal(status, 'error');
		assert.match(error, /no way to deliver to Email/);
	});
});
