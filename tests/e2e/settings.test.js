/* How words are spoken, as a user writes it down; in a real browser on the real stack. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertAccessible, sessionOf, useSite } from './browser.js';

const PATH = '/api/settings/pronunciations';

describe('pronunciations', { timeout: 120_000 }, () => {
	const site = useSite();

	const open = async (user, path = '/settings/pronunciations') => {
		const context = await site.browser.window({ session: sessionOf(user) });
		return site.browser.tab(context, path);
	};
	const fields = (page, label) => page.getByLabel(label, { exact: true });
	const savedState = (page) => page.locator('.badge', { hasText: /^Saved$/ }).waitFor();

	test('words are written down by keyboard, faults stand beside them, and the list is what was saved', async () => {
		const user = await site.stack.user();
		const page = await open(user, '/settings');
		await page.getByRole('link', { name: 'Pronunciations' }).click();
		await page.getByText('No words yet').waitFor();
		await assertAccessible(page, 'the empty list of words');
		await page.getByRole('button', { name: 'Add a word' }).click();
		await page.keyboard.type('SQL');
		await page.keyboard.press('Tab');
		await page.keyboard.type('sequel');
		await page.keyboard.press('Enter');
		await page.keyboard.type('SQL');
		await page.getByText('Not saved yet').waitFor();
		await page.getByRole('button', { name: 'Save' }).click();
		await page.getByText('“SQL” is in the list already').waitFor();
		await page.getByText('Spoken as is required').waitFor();
		assert.equal(await fields(page, 'Word').nth(1).evaluate((field) => field === document.activeElement), true, 'the fault has the focus');
		await assertAccessible(page, 'words with faults');
		await fields(page, 'Word').nth(1).fill(`${'x'.repeat(99)}😀y`);
		await page.getByText('Word must be at most 100 characters, not 101').waitFor();
		await fields(page, 'Word').nth(1).fill('nginx');
		await fields(page, 'Spoken as').nth(1).fill('engine x');
		await page.getByRole('button', { name: 'Save' }).click();
		await savedState(page);
		assert.deepEqual((await user.get(PATH)).body, [{ word: 'SQL', replacement: 'sequel' }, { word: 'nginx', replacement: 'engine x' }]);
		await assertAccessible(page, 'words that are saved');

		await page.getByRole('button', { name: 'Remove SQL' }).click();
		await page.getByRole('link', { name: 'Workflows' }).click();
		await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
		await page.getByRole('button', { name: 'Save' }).click();
		await savedState(page);
		await page.reload();
		await page.waitForFunction(() => document.querySelectorAll('.word-row').length === 1);
		assert.deepEqual((await user.get(PATH)).body, [{ word: 'nginx', replacement: 'engine x' }]);
		page.check();
		await page.context().close();
	});

	test('what the API refuses is shown at its word, and a list that cannot be loaded or saved says so', async () => {
		const user = await site.stack.user();
		await user.put(PATH, [{ word: 'a', replacement: 'b' }]);
		const page = await open(user, '/settings');
		page.allowed.push(/50[03]|400/);
		const answer = (status, error, times) => page.route(`**${PATH}`, (route) => route.fulfill({ status, json: { error } }), { times });
		await answer(500, 'Something went wrong on our side.', 1);
		await page.getByRole('link', { name: 'Pronunciations' }).click();
		await page.getByText('Could not load your pronunciations').waitFor();
		await assertAccessible(page, 'a list that cannot be loaded');
		await page.getByRole('button', { name: 'Try again' }).click();
		await fields(page, 'Word').fill('c');
		await answer(503, 'The database is away. Try again soon.', 3);
		await page.getByRole('button', { name: 'Save' }).click();
		await page.locator('.notice.bad', { hasText: 'The database is away' }).waitFor();
		await answer(400, 'Entry 1: Word is one that the server does not take', 1);
		await page.getByRole('button', { name: 'Save' }).click();
		await page.locator('.field-error', { hasText: 'Word is one that the server does not take' }).waitFor();
		await page.getByRole('button', { name: 'Save' }).click();
		await savedState(page);
		assert.deepEqual((await user.get(PATH)).body, [{ word: 'c', replacement: 'b' }]);
		page.check();
		await page.context().close();
	});
});
