/* What each screen says when the API fails, and that one can go on from there. */
import { after, before, describe, test } from 'node:test';
import { node } from '../api/client.js';
import { Stack } from '../api/stack.js';
import { Browser, assertAccessible } from './browser.js';

describe('screens whose data does not come', { timeout: 120_000 }, () => {
	let stack, browser, user, id;
	before(async () => {
		stack = await Stack.start();
		browser = await Browser.start(stack);
		user = await stack.user();
		id = await user.workflow([node('a', 'logger')]);
	});
	after(async () => {
		await browser?.stop();
		await stack?.stop();
	});

	for (const [status, path, api, shown] of [
		[500, () => '/workflows', '/api/workflows', 'Test workflow'],
		[503, () => `/workflows/${id}`, '/api/workflows/*', 'Title of a'],
		[429, () => '/settings', '/api/settings/keys', 'ElevenLabs'],
		[500, () => '/voices', '/api/voice-profiles', 'No voices yet'],
	])
		test(`${status} at ${api}`, async () => {
			const context = await browser.window({ session: { user: user.user, token: user.token } });
			let fails = true;
			await context.route(`**${api}`, (route) => (fails ? route.fulfill({ status, headers: { 'retry-after': '30' }, json: { error: `A reason, number ${status}.` } }) : route.fallback()));
			const page = await browser.tab(context, path());
			page.allowed.push(new RegExp(String(status)));
			await page.getByText(`A reason, number ${status}.`).first().waitFor();
			await assertAccessible(page, `a failure at ${api}`);
			fails = false;
			await page.getByRole('button', { name: 'Try again' }).first().click();
			await page.getByText(shown).first().waitFor();
			page.check();
			await context.close();
		});
});
