/* Waiting for what another process does: asks until it is so. */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';

/* Far above what anything here takes; it turns a hang into a failure that says what was missing. */
const PATIENCE_MS = 60_000;

/* Resolves to the first true value of `condition`. */
export async function until(condition, what) {
	const deadline = Date.now() + PATIENCE_MS;
	for (;;) {
		const value = await condition();
		if (value) return value;
		assert.ok(Date.now() < deadline, `waited in vain for ${what}`);
		await wait(25);
	}
}
