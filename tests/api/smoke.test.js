import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Stack } from './stack.js';
import { voiceover } from './client.js';

describe('the main job', () => {
	let stack;
	before(async () => {
		stack = await Stack.start();
	});
	after(() => stack.stop());

	test('a text becomes audio in S3', async () => {
		const user = await stack.speaker();
		const execution = await user.run(await user.workflow(voiceover(user.profile.id)));
		assert.equal(execution.status, 'COMPLETED', JSON.stringify(execution));
	});
});
