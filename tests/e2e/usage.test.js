/* What speech has cost, and the budget, as a user sees them; in a real browser on the real stack. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { voiceover } from '../api/client.js';
import { assertAccessible, sessionOf, useSite } from './browser.js';

const TEXT = 'A sentence of forty-two characters, twice.';

describe('usage', { timeout: 120_000 }, () => {
	const site = useSite();

	const open = async (user, path = '/usage') => {
		const context = await site.browser.window({ session: sessionOf(user), locale: 'en-GB' });
		return site.browser.tab(context, path);
	};
	const setBudget = async (page, characters) => {
		await page.getByRole('button', { name: /the budget|a budget/ }).click();
		await page.getByLabel('Characters a month').fill(characters);
		await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
	};

	test('what was bought and what was reused is drawn, and in tables', async () => {
		const user = await site.stack.speaker();
		const workflow = await user.workflow(voiceover(user.profile.id, TEXT));
		const page = await open(user, '/workflows');
		await page.getByRole('link', { name: 'Usage' }).click();
		await page.getByText('Nothing was spoken in this time').waitFor();
		await assertAccessible(page, 'no usage');
		await user.run(workflow);
		await user.run(workflow);
		await page.getByLabel('Time', { exact: true }).selectOption('Last 30 days');
		const rows = page.getByRole('region', { name: 'Characters by voice' }).locator('tbody tr');
		await rows.waitFor();
		const cells = await rows.locator('td').allInnerTexts();
		assert.deepEqual(cells, [user.profile.name, 'ElevenLabs', String(TEXT.length * 2), String(TEXT.length), String(TEXT.length)]);
		assert.deepEqual(await page.locator('.usage-totals dd').allInnerTexts(), cells.slice(2));
		assert.equal(await page.locator('.chart-column').count(), 30);
		assert.equal(await page.locator('.chart-bar').count(), 1, 'one day has a bar');
		await assertAccessible(page, 'usage of a month');
		await page.getByLabel('Time', { exact: true }).selectOption('Last 12 months');
		await page.waitForFunction(() => [12, 13].includes(document.querySelectorAll('.chart-column').length));
		await page.getByText('By day', { exact: true }).click();
		const byDay = page.getByRole('region', { name: 'Characters by day' }).locator('tbody tr');
		assert.equal(await byDay.count(), 1);
		page.check();
		await page.context().close();
	});

	test('a budget is set, changed and taken away, and is shown as it fills', async () => {
		const user = await site.stack.speaker();
		const page = await open(user);
		await page.getByText('nothing is refused').waitFor();
		await setBudget(page, 'a lot');
		await page.getByText('Characters must be a whole number').waitFor();
		await assertAccessible(page, 'a budget that is no number');
		page.allowed.push(/400/);
		await page.getByLabel('Characters a month').fill('9'.repeat(15));
		await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
		await page.locator('.field-error', { hasText: 'whole number from 0 to' }).waitFor();
		await page.getByLabel('Characters a month').fill(String(TEXT.length + 8));
		await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
		await page.getByText('50 left until').waitFor();
		await user.run(await user.workflow(voiceover(user.profile.id, TEXT)));
		await page.reload();
		await page.getByText('8 left until').waitFor();
		await page.getByText('Less than 20 % of the budget is left').waitFor();
		await assertAccessible(page, 'a budget that is almost used up');
		await setBudget(page, '1');
		await page.getByText('The budget is used up').waitFor();
		await setBudget(page, '1,000,000');
		await page.getByText('of 1,000,000 characters used').waitFor();
		assert.deepEqual((await user.get('/api/settings/budget')).body, { monthlyCharacters: 1_000_000 });
		await setBudget(page, '');
		await page.getByText('nothing is refused').waitFor();
		page.check();
		await page.context().close();
	});

	test('usage that cannot be loaded says so, and is loaded again', async () => {
		const user = await site.stack.user();
		const page = await open(user, '/settings');
		page.allowed.push(/500/);
		await page.route('**/api/usage?*', (route) => route.fulfill({ status: 500, json: { error: 'Something went wrong on our side.' } }), { times: 1 });
		await page.getByRole('link', { name: 'Usage' }).click();
		await page.getByText('Could not load your usage').waitFor();
		await page.getByRole('button', { name: 'Try again' }).click();
		await page.getByText('Nothing was spoken in this time').waitFor();
		page.check();
		await page.context().close();
	});
});
