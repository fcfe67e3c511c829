/*
 * Measures the pages: what is loaded, and how long it takes until one can work. See `tools/bench help`.
 * Prints figures, and exits with 1 when a goal is missed.
 */
import { readFile } from 'node:fs/promises';
import { node } from '../api/client.js';
import { Stack } from '../api/stack.js';
import { Browser } from '../e2e/browser.js';
import { Report } from './report.js';

const ROUNDS = 5;
const NODES = 300;
const DRAG_STEPS = 120;
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

const stack = await Stack.start({ build: 'release' });
const browser = await Browser.start(stack);
try {
	const report = new Report();
	await reportSizes(report);
	const user = await stack.user();
	const session = { user: user.user, token: user.token };
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
	report.add(`frame while one of ${NODES} is dragged`, 'ms', frames, { beside: `${FRAME_MS.toFixed(1)} ms are 60 a second` });
	process.stdout.write(process.argv.includes('--json') ? `${JSON.stringify(report)}\n` : `${report}\n`);
	process.exitCode = report.ok ? 0 : 1;
} finally {
	await browser.stop();
	await stack.stop();
}
