/* From a new account to a voice that speaks: keys, tokens, samples, training; in a real browser on the real stack. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ELEVENLABS_KEY } from '../api/stack.js';
import { wav } from '../api/samples.js';
import { assertAccessible, sessionOf, useSite } from './browser.js';

describe('settings and voices', { timeout: 120_000 }, () => {
	const site = useSite({ hears: wav(5) });

	test('register, add a key, clone a voice from a recording, hear it', async () => {
		const context = await site.browser.window();
		const page = await site.browser.tab(context, '/register');
		const dialog = page.getByRole('dialog');
		await page.getByLabel('Email').fill(`${crypto.randomUUID()}@example.org`);
		await page.getByLabel('Password').fill(site.stack.secret(`pass-${crypto.randomUUID()}`));
		await page.getByRole('button', { name: 'Register' }).click();
		await page.getByText('No workflows yet').waitFor();

		await page.getByRole('link', { name: 'Settings' }).click();
		await page.getByRole('button', { name: 'Add the key for ElevenLabs' }).click();
		await dialog.getByLabel('Key', { exact: true }).fill('short');
		page.allowed.push(/400/);
		await dialog.getByRole('button', { name: 'Save key' }).click();
		await dialog.locator('.field.invalid', { hasText: 'Key' }).locator('.field-error').waitFor();
		await assertAccessible(page, 'a key that is refused');
		await dialog.getByLabel('Key', { exact: true }).fill(site.stack.secret(ELEVENLABS_KEY));
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
		await dialog.getByRole('button', { name: 'Delete recording' }).click();
		await page.getByText('1:01 in all').waitFor();

		await train.click();
		await page.locator('.badge', { hasText: 'Ready' }).waitFor();
		await page.getByRole('button', { name: 'Speak it' }).click();
		await page.waitForFunction(() => document.querySelector('audio[aria-label="Audio of the test sentence"]')?.duration > 0.5);
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

	test('a recording is made, made again and uploaded, as the WAV that the API takes; neither Escape nor a failed upload loses it', async () => {
		const user = await site.stack.user();
		const { body: profile } = await user.post('/api/voice-profiles', { name: 'Recorded', provider: 'elevenlabs', language: 'de-DE' });
		const context = await site.browser.window({ session: sessionOf(user) });
		const page = await site.browser.tab(context, `/voices/${profile.id}`);
		const dialog = page.getByRole('dialog');
		await page.getByRole('button', { name: 'Record', exact: true }).click();
		await dialog.getByText('Wussten Sie, dass der Leuchtturm').waitFor();
		await assertAccessible(page, 'the recorder');
		const record = async (name) => {
			await dialog.getByRole('button', { name }).click();
			await page.waitForFunction(() => Number(document.querySelector('[role="meter"]')?.getAttribute('aria-valuenow')) > -40);
			await dialog.getByText('0:02').waitFor();
			await dialog.getByRole('button', { name: 'Stop' }).click();
			await page.waitForFunction(() => document.querySelector('dialog audio')?.duration > 1.4);
		};
		await record('Start recording');
		await assertAccessible(page, 'a recording');
		await dialog.getByRole('button', { name: 'Record again' }).click();
		await dialog.getByText('0:01').waitFor();
		for (let i = 0; i < 3; i++) await page.keyboard.press('Escape');
		await dialog.getByRole('button', { name: 'Stop' }).click();
		await page.keyboard.press('Escape');
		await page.getByRole('heading', { name: 'Throw the recording away?' }).waitFor();
		await page.getByRole('dialog', { name: 'Throw the recording away?' }).getByRole('button', { name: 'Cancel' }).click();
		page.allowed.push(/503/);
		await page.route('**/assets', (route) => route.fulfill({ status: 503, json: { error: 'Busy.' } }), { times: 1 });
		await dialog.getByRole('button', { name: 'Use this recording' }).click();
		await page.getByText('Busy.').waitFor();
		await page.getByRole('button', { name: 'Try again' }).click();
		await page.getByText(/^It is too short/).waitFor();
		const [sample] = (await user.get(`/api/voice-profiles/${profile.id}`)).body.assets;
		assert.ok(sample.durationSec > 0.5 && sample.durationSec < 5, `${sample.durationSec} s`);
		assert.equal(sample.quality.channels, 1);
		await page.getByRole('button', { name: 'Play Sample 1' }).click();
		await page.getByRole('button', { name: 'Pause Sample 1' }).waitFor();
		page.check();
		await context.close();
	});

	test('where there is no microphone, the page says what to do', async () => {
		const user = await site.stack.user();
		const { body: profile } = await user.post('/api/voice-profiles', { name: 'Silent', provider: 'elevenlabs' });
		const context = await site.browser.window({ session: sessionOf(user) });
		await context.addInitScript(() => (navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('Permission denied', 'NotAllowedError'); }));
		const page = await site.browser.tab(context, `/voices/${profile.id}`);
		await page.getByRole('button', { name: 'Record', exact: true }).click();
		await page.getByRole('button', { name: 'Start recording' }).click();
		await page.getByText('This page may not use the microphone.').waitFor();
		page.check();
		await context.close();
	});

	test("Azure's personal voice is made of samples and a spoken consent", async () => {
		site.stack.expectLog(/training of voice profile \S+ ended: ready$/);
		const user = await site.stack.speaker({ provider: 'azure' });
		const context = await site.browser.window({ session: sessionOf(user) });
		const page = await site.browser.tab(context, '/voices');
		const dialog = page.getByRole('dialog');
		await page.getByRole('button', { name: 'New voice profile' }).click();
		await dialog.getByLabel('Name').fill('Grace');
		await dialog.getByLabel('Provider').selectOption('azure');
		await dialog.getByLabel('Voice').selectOption('DragonLatestNeural');
		await dialog.getByRole('button', { name: 'Create' }).click();
		await page.getByRole('heading', { name: 'Spoken consent' }).waitFor();
		await page.getByLabel('Recordings').setInputFiles({ name: 'prompt.wav', mimeType: 'audio/wav', buffer: wav(20) });
		await page.getByLabel('Consent recording').setInputFiles({ name: 'consent.wav', mimeType: 'audio/wav', buffer: wav(6, 300) });
		await page.getByRole('heading', { name: 'Consent 1' }).waitFor();
		await page.getByLabel(/its speaker has agreed/).check();
		page.allowed.push(/400/);
		await page.getByRole('button', { name: 'Train', exact: true }).click();
		await page.locator('.field.invalid', { hasText: 'Speaker' }).waitFor();
		await assertAccessible(page, 'a personal voice');
		await page.getByRole('textbox', { name: 'Speaker' }).fill('Grace Hopper');
		await page.getByLabel('Company').fill('Example Ltd');
		await page.getByRole('button', { name: 'Train', exact: true }).click();
		await page.locator('.badge', { hasText: 'Ready' }).waitFor();
		page.check();
		await context.close();
	});

	test('a token is shown once, calls the API, and is refused when it is deleted', async () => {
		const user = await site.stack.user();
		const context = await site.browser.window({ session: sessionOf(user) });
		const page = await site.browser.tab(context, '/settings');
		const dialog = page.getByRole('dialog');
		await page.getByRole('button', { name: 'New token' }).click();
		await dialog.getByLabel('Name').fill('Home Assistant');
		await dialog.getByRole('button', { name: 'Create token' }).click();
		const token = site.stack.secret(await dialog.getByLabel('Token', { exact: true }).inputValue());
		await assertAccessible(page, 'a new token');
		await dialog.getByRole('button', { name: 'Done' }).click();
		const program = site.stack.client.as(token);
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
