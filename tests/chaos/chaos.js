/* Kills everything at every point, under traffic: see `tools/chaos --help`. */
import { parseArgs } from 'node:util';
import { onInterruption } from '../api/interrupted.js';
import { POINTS, titleOf } from './points.js';
import { run } from './run.js';
import { Site } from './site.js';
import { SITE, speakUnderFire, tableOf } from './texts.js';

const { values: options } = parseArgs({
	options: {
		executions: { type: 'string' },
		rate: { type: 'string', default: '25' },
		kills: { type: 'string' },
		only: { type: 'string', default: '' },
		rolling: { type: 'string', default: '0' },
		'long-texts': { type: 'boolean', default: false },
	},
});

const say = (text) => process.stderr.write(`${text}\n`);

async function breakEverything(site) {
	const { verdict, missed, failed } = await run(site, {
		points: POINTS.filter((point) => titleOf(point).includes(options.only)),
		executions: Number(options.executions ?? (options.rolling === '0' ? 10_000 : Infinity)),
		stops: Number(options.rolling),
		rate: Number(options.rate),
		kills: Number(options.kills ?? Infinity),
		say,
	});
	console.log(String(verdict));
	if (missed.length > 0) console.log(`nobody came to: ${missed.join(', ')}`);
	return { failed, ok: verdict.ok && missed.length === 0 };
}

async function breakTexts(site) {
	const result = await speakUnderFire(site, Number(options.kills ?? 200), say);
	console.log(tableOf(result));
	return { ok: result.rows.every(({ ok }) => ok) };
}

const site = await Site.open(options['long-texts'] ? SITE : {});
let complaint = null;
onInterruption(async () => {
	await site.close();
	process.exit(130);
});
try {
	const { failed, ok } = await (options['long-texts'] ? breakTexts : breakEverything)(site);
	if (failed) console.log(`failed: ${failed.message}`);
	process.exitCode = ok && !failed ? 0 : 1;
} finally {
	complaint = await site.close();
}
if (complaint) {
	console.log(complaint);
	process.exitCode = 1;
}
