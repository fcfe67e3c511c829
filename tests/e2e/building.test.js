/* A voiceover from an empty canvas, by mouse and by keyboard alone; long texts; a slow connection; in a real browser on the real stack. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { voiceover } from '../api/client.js';
import { assertAccessible, saved, sessionOf, step, useSite } from './browser.js';

const TEXT = 'A voiceover that was built by hand.';
const SLOW = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 25_000 };
const MAX_TABS = 60;

describe('building', { timeout: 180_000 }, () => {
	const site = useSite();

	const handle = (page, id, kind) => step(page, id).locator(`.react-flow__handle.${kind}`).first();
	const heard = (page) => page.waitForFunction(() => document.querySelector('audio')?.duration > 1);

	test('by mouse: drag in, connect by handle, refuse what cannot be, run, hear, seek', async () => {
		const user = await site.stack.speaker();
		const id = await user.workflow([]);
		const context = await site.browser.window({ session: sessionOf(user) });
		const page = await site.browser.tab(context, `/workflows/${id}`);
		await page.getByText('Nothing here yet').waitFor();
		const canvas = page.locator('.react-flow__pane');
		for (const [i, type] of ['manual-trigger', 'set-variable', 'voice.tts'].entries()) {
			await page.locator(`.palette-item[data-type="${type}"]`).dragTo(canvas, { targetPosition: { x: 130 + 280 * i, y: 120 + 130 * i } });
			await page.waitForFunction((count) => document.querySelectorAll('.react-flow__node').length === count, i + 1);
		}
		const connect = (from, to) => handle(page, from, 'source').dragTo(handle(page, to, 'target'));
		assert.equal(await page.locator('.react-flow__edge').count(), 0, 'what is dragged in is connected by hand');
		await connect('manual-trigger', 'set-variable');
		await connect('set-variable', 'voice-tts');
		await page.locator('.react-flow__edge').nth(1).waitFor({ state: 'attached' });
		await connect('voice-tts', 'set-variable');
		await page.getByText('That would make a circle').waitFor();
		assert.equal(await page.locator('.react-flow__edge').count(), 2);

		await step(page, 'set-variable').click();
		await page.getByLabel('Name', { exact: true }).nth(1).fill('text');
		await page.getByLabel('Value', { exact: true }).fill(TEXT);
		await step(page, 'voice-tts').click();
		await page.getByLabel('Voice profile', { exact: true }).selectOption(user.profile.id);
		await saved(page);
		await page.getByRole('button', { name: 'Run', exact: true }).click();
		await heard(page);
		const position = page.getByRole('slider', { name: /^Position in/ });
		await position.focus();
		for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
		await page.waitForFunction(() => document.querySelector('audio').currentTime > 0.4);
		assert.match(await position.getAttribute('aria-valuetext'), /^0:0\d of 0:0\d$/);
		page.check();
		await context.close();
	});

	test('by keyboard alone: from an empty canvas to the sound', async () => {
		const user = await site.stack.speaker();
		const id = await user.workflow([]);
		const context = await site.browser.window({ session: sessionOf(user) });
		const page = await site.browser.tab(context, `/workflows/${id}`);
		await page.getByText('Nothing here yet').waitFor();
		const focused = () => page.evaluate(() => [document.activeElement?.getAttribute('aria-label'), document.activeElement?.innerText, document.activeElement?.labels?.[0]?.innerText].filter(Boolean).join(' | '));
		/* Tabs on to what is called so, as somebody does who cannot see the page. */
		const tabTo = async (name, key = 'Tab') => {
			const passed = [];
			for (let i = 0; i < MAX_TABS; i++) {
				await page.keyboard.press(key);
				const what = await focused();
				if (name.test(what)) return;
				passed.push(what);
			}
			assert.fail(`nothing called ${name} among ${passed.join('; ')}`);
		};
		for (const name of ['Manual Trigger', 'My Voice']) {
			await page.keyboard.press('/');
			await page.keyboard.press('Control+A');
			await page.keyboard.type(name);
			await page.keyboard.press('Enter');
			await page.locator('.react-flow__node', { hasText: name }).waitFor();
		}
		await page.waitForFunction(() => document.activeElement?.getAttribute('data-id') === 'voice-tts');
		await page.keyboard.press('Enter');
		await page.keyboard.press('Enter');
		await page.getByLabel('Voice profile', { exact: true }).waitFor();
		await tabTo(/Voice profile/);
		await page.keyboard.press('ArrowDown');
		await page.waitForFunction((profile) => document.activeElement.value === profile, user.profile.id);
		await tabTo(/^Text\b|\| Text$/);
		await page.keyboard.type(TEXT);
		await saved(page);
		await page.keyboard.press('Control+Enter');
		await heard(page);
		await tabTo(/^Play /);
		await page.keyboard.press('Space');
		await page.waitForFunction(() => document.querySelector('audio').currentTime > 0.2);
		page.check();
		await context.close();
	});

	test('a long text: captions, each segment heard, one spoken afresh', async () => {
		const user = await site.stack.speaker();
		const paragraphs = Array.from({ length: 5 }, (_, i) => `Paragraph ${i + 1} says: <b>so & so</b>.`);
		const id = await user.workflow(voiceover(user.profile.id, paragraphs.join('\n\n'), { captions: 'vtt' }));
		const run = await user.run(id);
		const context = await site.browser.window({ session: sessionOf(user) });
		const page = await site.browser.tab(context, `/workflows/${id}/runs/${run.id}`);
		const panel = page.getByRole('region', { name: 'Run', exact: true });
		await heard(page);
		await panel.getByRole('button', { name: 'Show captions' }).click();
		await panel.locator('.player-caption', { hasText: paragraphs[0] }).waitFor();
		await panel.getByText('5 segments').click();
		await panel.getByRole('button', { name: 'Hear it' }).nth(2).click();
		await panel.getByRole('button', { name: 'Pause Segment 3' }).waitFor();
		await assertAccessible(page, 'the segments of a long text');
		await panel.getByRole('button', { name: 'Speak it afresh' }).nth(1).click();
		await page.waitForURL((url) => !url.pathname.endsWith(run.id));
		await panel.getByText('Completed').waitFor();
		const afresh = new URL(page.url()).pathname;
		await panel.getByRole('button', { name: 'Rerun from this step' }).click();
		await page.waitForURL((url) => url.pathname !== afresh);
		await panel.getByText('Completed').waitFor();
		await panel.getByText('Kept').first().waitFor();
		page.check();
		await context.close();
	});

	test('a long text on its way: which segment of how many, a bar, and how long it will take', async () => {
		const user = await site.stack.speaker({ voice: 'fault-drip' });
		const paragraphs = Array.from({ length: 12 }, (_, i) => `Paragraph ${i + 1} takes its time.`);
		const id = await user.workflow(voiceover(user.profile.id, paragraphs.join('\n\n')));
		const context = await site.browser.window({ session: sessionOf(user) });
		const page = await site.browser.tab(context, `/workflows/${id}`);
		await page.getByRole('button', { name: 'Run', exact: true }).click();
		const panel = page.getByRole('region', { name: 'Run', exact: true });
		await panel.getByText(/^Segment \d+ of 12, about .+ left$/).waitFor();
		const bar = panel.getByRole('progressbar', { name: 'Segments done' });
		assert.equal(await bar.getAttribute('max'), '12');
		await assertAccessible(page, 'a long text on its way');
		await heard(page);
		assert.equal(await bar.count(), 0, 'what is done has no bar');
		page.check();
		await context.close();
	});

	test('steps that all lie on one place are laid out, and saved so with the next change', async () => {
		const user = await site.stack.speaker();
		const id = await user.workflow(voiceover(user.profile.id, TEXT));
		const placesOf = (nodes) => nodes.map(({ position }) => `${position.x} ${position.y}`);
		const stored = async () => (await user.get(`/api/workflows/${id}`)).body;
		const before = await stored();
		assert.equal(new Set(placesOf(before.nodes)).size, 1, 'as a program makes them that draws nothing');
		const context = await site.browser.window({ session: sessionOf(user) });
		const page = await site.browser.tab(context, `/workflows/${id}`);
		await step(page, 'start').waitFor();
		const boxes = await Promise.all(['start', 'script', 'speak'].map((one) => step(page, one).boundingBox()));
		for (const [i, box] of boxes.slice(1).entries()) assert.ok(box.x >= boxes[i].x + boxes[i].width, 'each stands right of the one before');
		assert.equal((await stored()).updatedAt, before.updatedAt, 'who only looks changes nothing');
		const put = page.waitForResponse((response) => response.request().method() === 'PUT' && response.ok());
		await page.getByLabel('Name of the workflow').fill('Placed');
		await page.keyboard.press('Enter');
		await put;
		assert.equal((await stored()).name, 'Placed');
		assert.equal(new Set(placesOf((await stored()).nodes)).size, 3);
		page.check();
		await context.close();
		const pocket = await site.browser.window({ session: sessionOf(user), viewport: { width: 360, height: 780 } });
		const phone = await site.browser.tab(pocket, `/workflows/${id}`);
		await step(phone, 'start').waitFor();
		const box = await step(phone, 'start').boundingBox();
		assert.ok(box.width > 150 && box.x > 0, 'a phone shows the beginning, and so that it can be read');
		phone.check();
		await pocket.close();
	});

	test('a slow connection: the page comes, says that it loads, saves and runs', async () => {
		const user = await site.stack.speaker();
		const id = await user.workflow(voiceover(user.profile.id, TEXT));
		const context = await site.browser.window({ session: sessionOf(user) });
		const page = await site.browser.tab(context, 'about:blank');
		page.allowed.push(/localStorage/); /* which about:blank has not */
		const network = await context.newCDPSession(page);
		await network.send('Network.enable');
		await network.send('Network.emulateNetworkConditions', SLOW);
		await page.goto(`/workflows/${id}`);
		await page.getByText(/^Loading/).first().waitFor();
		await step(page, 'speak').click();
		const put = page.waitForResponse((response) => response.request().method() === 'PUT' && response.ok());
		await page.getByLabel('Name', { exact: true }).fill('Slowly');
		await put;
		await saved(page);
		await page.getByRole('button', { name: 'Run', exact: true }).click();
		await page.getByRole('region', { name: 'Run', exact: true }).getByText('Completed').waitFor();
		assert.equal((await user.get(`/api/workflows/${id}`)).body.nodes.find((one) => one.id === 'speak').data.definition.title, 'Slowly');
		page.check();
		await context.close();
	});
});
