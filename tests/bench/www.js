/*
 * Measures the pages: what is loaded, and how long it takes until one can work. See `tools/bench help`.
 * Prints figures, and exits with 1 when a goal is missed.
 */
import { readFile } from 'node:fs/promises';
import { node } from '../api/client.js';
import { Stack } from '../api/stack.js';
import { Browser, sessionOf } from '../e2e/browser.js';
import { Report } from './report.js';

const ROUNDS = 5;
const NODES = 300;
const DRAG_STEPS = 120;
const HOUR_S = 3600, SPEED = 60, POLLS = 2 * HOUR_S;
const WARM_MS = 3000;
const FRAME_MS = 1000 / 60;
const SIZES = new URL('../../build/www.sizes.json', import.meta.url);

function grid(count) {
	return Array.from({ length: count }, (_, i) => ({ ...node(`n${i}`, 'logger'), position: { x: (i % 20) * 320, y: Math.floor(i / 20) * 140 } }));
}

async function reportSizes(report) {
	const { firstLoadGzip, limit, files } = JSON.parse(await readFile(SIZES, 'utf8'));
	for (const { file, gzip, first } of files.slice(0, 6)) report.add(file, 'bytes', [gzip], { beside: first ? 'first load' : 'when needed' });
	report.add('first load, gzip', 'bytes', [firstLoadGzip], { max: limit });
}

/* From the navigation, with nothing cached, to the moment that `ready` holds in the page. */
async function timeTo(browser, session, path, ready) {
	const context = await browser.window({ session });
	const page = await browser.tab(context, 'about:blank');
	await page.goto(path, { waitUntil: 'commit' });
	const ms = await page.waitForFunction(ready, NODES, { polling: 'raf' }).then(() => page.evaluate(() => performance.now()));
	return { ms, page, context };
}

/* The times between the frames while a step is dragged. */
async function dragFrames(page) {
	const box = await page.locator('.react-flow__node').first().boundingBox();
	await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
	await page.mouse.down();
	await page.evaluate(() => {
		globalThis.frames_ = [];
		let last = performance.now();
		const frame = (now) => {
			globalThis.frames_.push(now - last);
			last = now;
			requestAnimationFrame(frame);
		};
		requestAnimationFrame(frame);
	});
	for (let i = 1; i <= DRAG_STEPS; i++) await page.mouse.move(box.x + i, box.y + i / 2);
	await page.mouse.up();
	return page.evaluate(() => globalThis.frames_.slice(2));
}

/* What the page's scripts hold, in bytes, once nothing more can be freed. */
async function heapOf(debuggerSession) {
	for (let i = 0; i < 3; i++) await debuggerSession.send('HeapProfiler.collectGarbage');
	return (await debuggerSession.send('Runtime.getHeapUsage')).usedSize;
}

/* How much the page grows while it looks at a run for an hour, every half second; in a minute, by timers that are as much faster. */
async function growthOfAnHour(browser, user) {
	const workflow = await user.workflow([node('start', 'manual-trigger'), node('wait', 'delay', { duration: HOUR_S })]);
	const { body: run } = await user.post(`/api/workflows/${workflow}/execute`);
	const context = await browser.window({ session: sessionOf(user) });
	await context.addInitScript((speed) => {
		const { setTimeout } = globalThis;
		globalThis.setTimeout = (run, ms = 0, ...rest) => setTimeout(run, ms / speed, ...rest);
	}, SPEED);
	const page = await browser.tab(context, `/workflows/${workflow}/runs/${run.id}`);
	let polls = 0;
	page.on('request', (request) => (polls += request.url().includes(run.id)));
	const debuggerSession = await context.newCDPSession(page);
	await page.waitForTimeout(WARM_MS);
	const before = await heapOf(debuggerSession);
	const begun = polls;
	while (polls - begun < POLLS) await page.waitForTimeout(WARM_MS);
	const after = await heapOf(debuggerSession);
	page.check();
	await context.close();
	await user.post(`/api/workflows/${workflow}/executions/${run.id}/cancel`);
	return { growth: (after - before) / 1e6, heap: after / 1e6 };
}

const stack = await Stack.start({ build: 'release' });
const browser = await Browser.start(stack);
try {
	const report = new Report();
	await reportSizes(report);
	const user = await stack.user();
	const session = sessionOf(user);
	const id = await user.workflow(grid(NODES), []);
	const [list, drawn] = [[], []];
	let frames = [];
	for (let round = 0; round < ROUNDS; round++) {
		const first = await timeTo(browser, session, '/workflows', () => !!document.querySelector('.workflow-row'));
		list.push(first.ms);
		await first.context.close();
		const editor = await timeTo(browser, session, `/workflows/${id}`, (count) => {
			const all = document.querySelectorAll('.react-flow__node');
			return all.length === count && [...all].every(({ style }) => style.visibility !== 'hidden');
		});
		drawn.push(editor.ms);
		frames = frames.concat(await dragFrames(editor.page));
		await editor.context.close();
	}
	report.add('navigation to the list, nothing cached', 'ms', list);
	report.add(`navigation to ${NODES} nodes drawn`, 'ms', drawn);
	const { growth, heap } = await growthOfAnHour(browser, user);
	report.add('growth over an hour of polling', 'MB', [growth], { max: 2, beside: `${heap.toFixed(1)} MB in all` });
	report.add(`frame while one of ${NODES} is dragged`, 'ms', frames, { beside: `${FRAME_MS.toFixed(1)} ms are 60 a second` });
	process.stdout.write(process.argv.includes('--json') ? `${JSON.stringify(report)}\n` : `${report}\n`);
	process.exitCode = report.ok ? 0 : 1;
} finally {
	await browser.stop();
	await stack.stop();
}
