/* A few kills of each kind, under the sanitizers: what `tools/chaos` does at every point. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FEW_POINTS, titleOf } from './points.js';
import { run } from './run.js';
import { Site } from './site.js';

let site;
before(async () => {
	site = await Site.open({ build: 'asan', runners: 2 });
});
after(async () => assert.equal(await site?.close(), null));

test('nothing is lost, stuck, ended twice or paid twice, whatever is killed', async () => {
	const { verdict, failed } = await run(site, { points: FEW_POINTS, rate: 10, once: true });
	assert.equal(failed, null);
	assert.ok(FEW_POINTS.every((point) => verdict.rows.has(titleOf(point))), String(verdict));
	const { lost, stuck, twice, paid } = verdict.totals;
	assert.deepEqual({ lost, stuck, twice, paid }, { lost: 0, stuck: 0, twice: 0, paid: 0 }, String(verdict));
});
