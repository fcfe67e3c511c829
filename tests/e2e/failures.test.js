/* What each screen says when the API fails, and that one can go on from there. */
import { before, describe, test } from 'node:test';
import { node } from '../api/client.js';
import { assertAccessible, sessionOf, useSite } from './browser.js';

describe('screens whose data does not come', { timeout: 120_000 }, () => {
	const site = useSite();
	let user, id;
	before(async () => {
		user = await site.stack.user();
		id = await user.workflow([node('a', 'logger')]);
	});

	for (const [status, path, api, shown] of [
		[500, () => '/workflows', '/api/workflows', 'Test workflow'],
		[503, () => `/workflows/${id}`, '/api/workflows/*', 'Title of a'],
		[429, () => '/settings', '/api/settings/keys', 'ElevenLabs'],
		[500, () => '/voices', '/api/voice-profiles', 'No voices yet'],
	])
		test(`${status} at ${api}`, async () => {
			const context = await site.browser.window({ session: sessionOf(user) });
			let fails = true;
			await context.route(`**${api}`, (route) => (fails ? route.fulfill({ status, headers: { 'retry-after': '30' }, json: { error: `A reason, number ${status}.` } }) : route.fallback()));
			const page = await site.browser.tab(context, path());
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
