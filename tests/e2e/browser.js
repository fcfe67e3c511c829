/*
 * Debian's Chromium on the real stack. A page that is opened here fails its test on anything that goes wrong unasked for: an
 * error on the console (a report of the CSP or of Trusted Types is one), an exception, a request that fails.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { Stack } from '../api/stack.js';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

export class Browser {
	#browser;
	#base;

	/* `microphone`: a WAV file that is heard again and again. */
	static async start(stack, { microphone = null } = {}) {
		const browser = new Browser();
		browser.#base = stack.info.url;
		const sound = microphone ? ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-audio-capture=${microphone}`] : [];
		browser.#browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', ...sound] });
		return browser;
	}

	async stop() {
		await this.#browser.close();
	}

	/* A window of its own: nobody is signed in, unless `session` ({user, token}) says who. */
	async window({ session = null, ...options } = {}) {
		const context = await this.#browser.newContext({ baseURL: this.#base, ignoreHTTPSErrors: true, viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', locale: 'en-GB', ...options });
		if (session) await context.addInitScript((text) => localStorage.getItem('voiceover.session') ?? localStorage.setItem('voiceover.session', text), JSON.stringify(session));
		return context;
	}

	/* A tab; `allowed` are patterns of problems that the test causes. */
	async tab(context, path) {
		const page = await context.newPage();
		const problems = [];
		page.allowed = [];
		page.on('console', (message) => {
			if (message.type() === 'error') problems.push(`console: ${message.text()}`);
		});
		page.on('pageerror', (error) => problems.push(`exception: ${error.message}`));
		page.on('requestfailed', (request) => {
			const reason = request.failure()?.errorText ?? '';
			/* Left by a navigation, or audio that the player has enough of. */
			if (reason !== 'net::ERR_ABORTED') problems.push(`request: ${request.url()} ${reason}`);
		});
		page.on('response', (response) => {
			const { origin, pathname } = new URL(response.url());
			if (response.status() >= 400) problems.push(`status: ${response.status()} ${pathname}`);
			if (!response.url().startsWith(this.#base) && !/^(blob|data):/.test(response.url()) && !origin.startsWith('http://127.0.0.1')) problems.push(`other host: ${response.url()}`);
		});
		page.check = () => {
			const unexpected = problems.filter((problem) => !page.allowed.some((pattern) => pattern.test(problem)));
			assert.deepEqual(unexpected, [], 'nothing goes wrong unasked for');
		};
		await page.goto(path);
		return page;
	}
}

/* Fails on what axe-core calls serious or critical. It is run by the debugger, which the CSP does not stop. */
export async function assertAccessible(page, what) {
	await page.evaluate(await readFile(AXE, 'utf8'));
	const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
	const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
	assert.deepEqual(bad.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join(' | ')}`), [], `${what} is accessible`);
}

/* A stack and a browser on it for the tests of a suite: {stack, browser}, while they run. `hears`: a WAV for the microphone. */
export function useSite({ hears = null } = {}) {
	const site = { stack: null, browser: null };
	before(async () => {
		site.stack = await Stack.start();
		const microphone = hears && join(site.stack.dir, 'microphone.wav');
		if (hears) await writeFile(microphone, hears);
		site.browser = await Browser.start(site.stack, { microphone });
	});
	after(async () => {
		await site.browser?.stop();
		await site.stack?.stop();
	});
	return site;
}

/* What the pages keep of a user who is signed in. */
export const sessionOf = (user) => ({ user: user.user, token: user.token });

/* The editor says that all is saved. */
export const saved = (page) => page.getByText('Saved', { exact: true }).waitFor();

/* A step on the canvas, by its node's id. */
export const step = (page, id) => page.locator(`.react-flow__node[data-id="${id}"]`);
