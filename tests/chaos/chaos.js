/* Kills everything at every point, under traffic: see `tools/chaos --help`. */
import { parseArgs } from 'node:util';
import { POINTS, titleOf } from './points.js';
import { run } from './run.js';
import { Site } from './site.js';

const { values: options } = parseArgs({
	options: {
		executions: { type: 'string' },
		rate: { type: 'string', default: '25' },
		kills: { type: 'string', default: 'Infinity' },
		only: { type: 'string', default: '' },
		rolling: { type: 'string', default: '0' },
	},
});

const site = await Site.open();
let complaint = null;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.once(signal, async () => {
		await site.close();
		process.exit(130);
	});
try {
	const { verdict, missed, failed } = await run(site, {
		points: POINTS.filter((point) => titleOf(point).includes(options.only)),
		executions: Number(options.executions ?? (options.rolling === '0' ? 10_000 : Infinity)),
		stops: Number(options.rolling),
		rate: Number(options.rate),
		kills: Number(options.kills),
		say: (text) => process.stderr.write(`${text}\n`),
	});
	console.log(String(verdict));
	if (failed) console.log(`failed: ${failed.message}`);
	if (missed.length > 0) console.log(`nobody came to: ${missed.join(', ')}`);
	process.exitCode = verdict.ok && !failed && missed.length === 0 ? 0 : 1;
} finally {
	complaint = await site.close();
}
if (complaint) {
	console.log(complaint);
	process.exitCode = 1;
}
