/* What the benchmarks share that measure a stack of release builds: its start and end, and how the figures are told. */
import { onInterruption } from '../api/interrupted.js';
import { Stack } from '../api/stack.js';
import { interruption } from './load.js';

/* Prints what `bench(stack)` resolves to; the process exits with 1 when a goal is missed, with 130 when it is interrupted. */
export async function onStack(options, bench) {
	onInterruption(() => interruption.abort());
	const stack = await Stack.start({ build: 'release', ...options });
	try {
		const report = await bench(stack);
		process.stdout.write(process.argv.includes('--json') ? `${JSON.stringify(report)}\n` : `${report}\n`);
		process.exitCode = report.ok ? 0 : 1;
	} catch (error) {
		if (!interruption.signal.aborted) throw error;
		process.exitCode = 130;
	} finally {
		await stack.stop();
	}
}
