/*
 * usage: node tests/e2e/screenshots.js [FOLDER [TEXT]]
 *
 * Makes a picture of every screen, 360, 768 and 1440 pixels wide, light and dark, in FOLDER (build/screenshots), for a person
 * to look at; with TEXT only of those whose name contains it. The stack is one of its own, with names that are long and lists that are empty.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { node, voiceover } from '../api/client.js';
import { wav } from '../api/samples.js';
import { Stack } from '../api/stack.js';
import { Browser, sessionOf } from './browser.js';

const FOLDER = resolve(process.argv[2] ?? 'build/screenshots');
const TEXT = process.argv[3] ?? '';
const WIDTHS = [360, 768, 1440];
const SCHEMES = ['light', 'dark'];
const LONG = 'Quarterly announcement for the Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch branch, third draft';

/* Somebody with a bit of everything; the paths of what was made. */
async function furnish(stack) {
	const user = await stack.speaker();
	const good = await user.workflow(voiceover(user.profile.id, 'A text that is read aloud, and then some more of it.'));
	const { id: run } = await user.run(good);
	const bad = await user.workflow(voiceover(crypto.randomUUID(), 'Nobody reads this.'));
	await user.put(`/api/workflows/${bad}`, { name: LONG, description: `${LONG}. ${LONG}.` });
	const { id: failed } = await user.run(bad);
	await user.workflow([node('a', 'logger')]);
	await user.put('/api/settings/pronunciations', [
		{ word: 'SQL', replacement: 'sequel' },
		{ word: 'nginx', replacement: 'engine x' },
		{ word: LONG.slice(0, 90), replacement: LONG },
	]);
	await user.post('/api/settings/tokens', { name: 'Home Assistant' });
	await user.post('/api/settings/tokens', { name: LONG.slice(0, 100) });
	const { body: voice } = await user.post('/api/voice-profiles', { name: LONG, provider: 'elevenlabs' });
	for (const seconds of [40, 3]) await user.upload(`/api/voice-profiles/${voice.id}/assets`, wav(seconds));
	const { body: personal } = await user.post('/api/voice-profiles', { name: 'Grace', provider: 'azure', providerVoiceId: 'DragonLatestNeural' });
	const text = Array.from({ length: 12 }, (_, i) => `Paragraph ${i + 1} of a longer text, which has a few words more than the one before.`).join('\n\n');
	const long = await user.workflow(voiceover(user.profile.id, text, { captions: 'srt' }));
	const { id: longRun } = await user.run(long);
	await user.put('/api/settings/budget', { monthlyCharacters: 1200 });
	return { user, good, run, bad, failed, voice, personal, long, longRun };
}

async function showSegments(page) {
	await page.getByText('12 segments').click();
	await page.getByRole('button', { name: 'Show captions' }).click();
	await page.getByRole('button', { name: 'Hear it' }).first().click();
	await page.waitForLoadState('networkidle');
}

/* Name, path, and what to do before the picture is taken. */
function screens({ user, good, run, bad, failed, voice, personal, long, longRun }, other) {
	return [
		['sign-in', null, '/sign-in'],
		['register', null, '/register'],
		['workflows', user, '/workflows'],
		['workflows-empty', other, '/workflows'],
		['editor', user, `/workflows/${good}`, async (page) => page.locator('.react-flow__node').first().waitFor()],
		['editor-step', user, `/workflows/${good}`, async (page) => page.locator('.react-flow__node').last().click()],
		['editor-long-name', user, `/workflows/${bad}`],
		['run', user, `/workflows/${good}/runs/${run}`],
		['run-failed', user, `/workflows/${bad}/runs/${failed}`],
		['voices', user, '/voices'],
		['voices-empty', other, '/voices'],
		['voice', user, `/voices/${user.profile.id}`],
		['voice-samples', user, `/voices/${voice.id}`],
		['voice-personal', user, `/voices/${personal.id}`],
		['voice-recorder', user, `/voices/${voice.id}`, async (page) => page.getByRole('button', { name: 'Record', exact: true }).click()],
		['voice-new', user, '/voices', async (page) => page.getByRole('button', { name: 'New voice profile' }).click()],
		['run-long', user, `/workflows/${long}/runs/${longRun}`, showSegments],
		['usage', user, '/usage'],
		['usage-empty', other, '/usage'],
		['settings', user, '/settings'],
		['settings-empty', other, '/settings'],
		['pronunciations', user, '/settings/pronunciations'],
		['pronunciations-empty', other, '/settings/pronunciations'],
		['not-found', user, '/workflows/x/y/z'],
	];
}

/* What scrolls sideways is a fault that a picture may hide. */
async function overflow(page) {
	return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

async function picture(browser, [name, user, path, prepare], width, colorScheme) {
	const session = user && sessionOf(user);
	const context = await browser.window({ session, colorScheme, viewport: { width, height: width < 700 ? 780 : 900 } });
	const page = await browser.tab(context, path);
	page.allowed.push(/404/);
	await page.waitForLoadState('networkidle');
	await prepare?.(page);
	await page.waitForTimeout(400); /* the canvas comes to rest */
	await page.screenshot({ path: join(FOLDER, `${name}-${width}-${colorScheme}.png`), fullPage: true });
	const wide = await overflow(page);
	if (wide > 0) console.log(`${name} is ${wide} px wider than ${width} px`);
	page.check();
	await context.close();
}

const stack = await Stack.start({ build: process.env.BUILD ?? 'debug' });
const browser = await Browser.start(stack);
try {
	await rm(FOLDER, { recursive: true, force: true });
	await mkdir(FOLDER, { recursive: true });
	const all = screens(await furnish(stack), await stack.user()).filter(([name]) => name.includes(TEXT));
	for (const screen of all) for (const width of WIDTHS) for (const scheme of SCHEMES) await picture(browser, screen, width, scheme);
	console.log(`${all.length * WIDTHS.length * SCHEMES.length} pictures in ${FOLDER}`);
} finally {
	await browser.stop();
	await stack.stop();
}
