/* From a new account to a voice that speaks: keys, tokens, samples, training; in a real browser on the real stack. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ELEVENLABS_KEY, Stack } from '../api/stack.js';
import { wav } from '../api/samples.js';
import { Browser, assertAccessible } from './browser.js';

describe('settings and voices', { timeout: 120_000 }, () => {
	let stack;
	let browser;
	before(async () => {
		stack = await Stack.start();
		browser = await Browser.start(stack);
	});
	after(async () => {
		await browser?.stop();
		await stack?.stop();
	});

	test('register, add a key, clone a voice from a recording, hear it', async () => {
		const context = await browser.window();
		const page = await browser.tab(context, '/register');
		const dialog = page.getByRole('dialog');
		await page.getByLabel('Email').fill(`${crypto.randomUUID()}@example.org`);
		await page.getByLabel('Password').fill(stack.secret(`pass-${crypto.randomUUID()}`));
		await page.getByRole('button', { name: 'Register' }).click();
		await page.getByText('No workflows yet').waitFor();

		await page.getByRole('link', { name: 'Settings' }).click();
		await page.getByRole('button', { name: 'Add the key for ElevenLabs' }).click();
		await dialog.getByLabel('Key', { exact: true }).fill('short');
		page.allowed.push(/400/);
		await dialog.getByRole('button', { name: 'Save key' }).click();
		await dialog.locator('.field.invalid', { hasText: 'Key' }).locator('.field-error').waitFor();
		await assertAccessible(page, 'a key that is refused');
		await dialog.getByLabel('Key', { exact: true }).fill(stack.secret(ELEVENLABS_KEY));
		await dialog.getByRole('button', { name: 'Save key' }).click();
		await page.getByText('Your key is used').waitFor();
		await page.getByRole('button', { name: 'Test the key for ElevenLabs' }).click();
		await page.locator('.notice.good').waitFor();
		assert.ok(!(await page.content()).includes(ELEVENLABS_KEY), 'the key is not shown again');
		await assertAccessible(page, 'the settings');

		await page.getByRole('link', { name: 'Voices' }).click();
		await page.getByText('No voices yet').waitFor();
		await page.getByRole('button', { name: 'New voice profile' }).click();
		await dialog.getByLabel('Name').fill('Ada');
		await page.waitForFunction(() => document.querySelectorAll('dialog option').length > 5);
		await assertAccessible(page, 'a new voice profile');
		await dialog.getByRole('button', { name: 'Create' }).click();
		await page.waitForURL(/\/voices\/[0-9a-f-]{36}$/);

		const consent = page.getByLabel(/its speaker has agreed/);
		const train = page.getByRole('button', { name: 'Train', exact: true });
		await train.click();
		await page.getByText('only with its speaker’s consent').waitFor();
		await consent.check();
		await train.click();
		await page.getByText('Add at least one audio sample before training.').waitFor();
		await assertAccessible(page, 'a refused training');

		const files = [
			{ name: 'one.wav', mimeType: 'audio/wav', buffer: wav(61) },
			{ name: 'two.wav', mimeType: 'audio/wav', buffer: wav(2, 300) },
			{ name: 'not audio.wav', mimeType: 'audio/wav', buffer: Buffer.from('text') },
		];
		await page.getByLabel('Recordings').setInputFiles(files);
		await page.getByText('Only audio files (MP3, WAV) are allowed').waitFor();
		await page.getByText('1:03 in all').waitFor();
		await page.getByText(/^It is too short, 2\.0 seconds/).waitFor();
		await page.waitForFunction(() => document.querySelector('audio')?.duration > 60);
		await assertAccessible(page, 'the samples');
		await page.getByRole('button', { name: 'Delete Sample 2' }).click();
		await dialog.getByRole('button', { name: 'Delete sample' }).click();
		await page.getByText('1:01 in all').waitFor();

		await train.click();
		await page.locator('.badge', { hasText: 'Ready' }).waitFor();
		await page.getByRole('button', { name: 'Speak it' }).click();
		await page.waitForFunction(() => document.querySelector('audio[aria-label="The test sentence"]')?.duration > 0.5);
		await assertAccessible(page, 'a voice that is ready');
		await page.getByRole('button', { name: 'Rename' }).click();
		await dialog.getByLabel('Name').fill('Ada Lovelace');
		await dialog.getByRole('button', { name: 'Save' }).click();
		await page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor();
		await page.getByRole('link', { name: 'All voices' }).click();
		await page.getByText('ElevenLabs · en · 1 sample').waitFor();
		await assertAccessible(page, 'the list of voices');
		await page.getByRole('button', { name: 'Actions for Ada Lovelace' }).click();
		await page.getByRole('menuitem', { name: 'Delete' }).click();
		await dialog.getByRole('button', { name: 'Delete voice' }).click();
		await page.getByText('No voices yet').waitFor();
		page.check();
		await context.close();
	});

	test('a token is shown once, calls the API, and is refused when it is deleted', async () => {
		const user = await stack.user();
		const context = await browser.window({ session: { user: user.user, token: user.token } });
		const page = await browser.tab(context, '/settings');
		const dialog = page.getByRole('dialog');
		await page.getByRole('button', { name: 'New token' }).click();
		await dialog.getByLabel('Name').fill('Home Assistant');
		await dialog.getByRole('button', { name: 'Create token' }).click();
		const token = stack.secret(await dialog.getByLabel('Token', { exact: true }).inputValue());
		await assertAccessible(page, 'a new token');
		await dialog.getByRole('button', { name: 'Done' }).click();
		const program = stack.client.as(token);
		assert.equal((await program.get('/api/auth/me')).status, 200);
		assert.ok(!(await page.content()).includes(token));
		await page.getByRole('button', { name: 'Delete the token Home Assistant' }).click();
		await dialog.getByRole('button', { name: 'Delete token' }).click();
		await page.getByText('No access tokens yet').waitFor();
		assert.equal((await program.get('/api/auth/me')).status, 401);
		page.check();
		await context.close();
	});
});
