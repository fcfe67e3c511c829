/* What a user does, in a real browser on the real stack. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFile } from 'node:fs/promises';
import { node } from '../api/client.js';
import { assertAccessible, saved, sessionOf, step, useSite } from './browser.js';

const XSS = '<img src=x onerror="document.title=1"><script>alert(1)</script>';

describe('the pages', { timeout: 120_000 }, () => {
	const site = useSite();

	test('register, sign out, sign in, and every fault beside its field', async () => {
		const context = await site.browser.window();
		const page = await site.browser.tab(context, '/workflows?x=1');
		await page.waitForURL(/\/sign-in\?next=/);
		await assertAccessible(page, 'the sign-in');
		page.allowed.push(/40[01]/);
		await page.getByLabel('Email').fill('nobody@example.org');
		await page.getByLabel('Password').fill(site.stack.secret('not the password'));
		await page.getByRole('button', { name: 'Sign in' }).click();
		await page.getByText('Invalid email or password').waitFor();
		await page.getByRole('link', { name: 'Register' }).click();
		await page.getByLabel('Name').fill('Robin');
		await page.getByLabel('Email').fill('not an address');
		await page.getByLabel('Password').fill('short');
		await page.getByRole('button', { name: 'Register' }).click();
		await page.locator('.field.invalid').nth(1).waitFor();
		await assertAccessible(page, 'the faults');
		const email = `${crypto.randomUUID()}@example.org`;
		const password = site.stack.secret(`pass-${crypto.randomUUID()}`);
		await page.getByLabel('Email').fill(email);
		await page.getByLabel('Password').fill(password);
		await page.getByRole('button', { name: 'Register' }).click();
		await page.waitForURL(/\/workflows\?x=1$/);
		await page.getByText('No workflows yet').waitFor();
		await assertAccessible(page, 'the empty list');
		await page.getByRole('button', { name: 'Sign out' }).click();
		await page.getByLabel('Email').fill(email);
		await page.getByLabel('Password').fill(password);
		await page.getByRole('button', { name: 'Sign in' }).click();
		await page.getByText('No workflows yet').waitFor();
		page.check();
		await context.close();
	});

	test('the example: run it, hear it, break it, see why, mend it, go on from there, download', async () => {
		const user = await site.stack.speaker();
		await user.post('/api/settings/keys', { service: 'openai', key: 'sim-openai-key-0123456789abcdef01234567' });
		const context = await site.browser.window({ session: sessionOf(user), acceptDownloads: true });
		const page = await site.browser.tab(context, '/workflows');
		await page.getByRole('button', { name: 'Start from the example' }).click();
		await step(page, 'voiceover').waitFor();
		await assertAccessible(page, 'the editor');
		await page.getByRole('button', { name: 'Run', exact: true }).click();
		const panel = page.getByRole('region', { name: 'Run', exact: true });
		await panel.getByText('Completed').waitFor();
		await page.waitForFunction(() => document.querySelector('audio')?.duration > 1);
		await assertAccessible(page, 'a run');

		await step(page, 'voiceover').click();
		const voice = page.getByLabel('Voice profile', { exact: true });
		const chosen = await voice.inputValue();
		await voice.selectOption('');
		await page.locator('.field-error', { hasText: 'Voice profile is required' }).waitFor();
		await saved(page);
		await page.getByRole('button', { name: 'Run', exact: true }).click();
		await panel.getByText('Failed', { exact: true }).first().waitFor();
		await panel.locator('.notice.bad').getByText(/profile/i).first().waitFor();
		await panel.getByText('Where it happened').click();
		assert.match(await panel.locator('details[open] pre').first().innerText(), /^Error: .*\n\s+at /);
		await assertAccessible(page, 'a failed run');

		await voice.selectOption(chosen);
		await panel.getByRole('button', { name: 'Rerun from the failed step' }).click();
		await panel.getByText('Completed').waitFor();
		await panel.getByText('Kept').first().waitFor();
		const coming = page.waitForEvent('download');
		await panel.getByRole('button', { name: 'Download' }).click();
		const bytes = await readFile(await (await coming).path());
		assert.ok(bytes.length > 1000 && (bytes.subarray(0, 3).toString() === 'ID3' || bytes[0] === 0xff), 'it is MP3');
		page.check();
		await context.close();
	});

	test('by keyboard alone: add, connect, undo, and no circle', async () => {
		const user = await site.stack.user();
		const id = await user.workflow([]);
		const context = await site.browser.window({ session: sessionOf(user) });
		const page = await site.browser.tab(context, `/workflows/${id}`);
		await page.getByText('Nothing here yet').waitFor();
		for (const name of ['Manual Trigger', 'Set Variable', 'Logger']) {
			await page.keyboard.press('/');
			await page.keyboard.press('Control+A');
			await page.keyboard.type(name);
			await page.keyboard.press('Enter');
			await page.locator('.react-flow__node', { hasText: name }).waitFor();
		}
		await saved(page);
		const { body } = await user.get(`/api/workflows/${id}`);
		assert.deepEqual(body.edges.map(({ source, target }) => `${source}>${target}`), ['manual-trigger>set-variable', 'set-variable>logger']);
		await step(page, 'set-variable').focus();
		await page.keyboard.press('Enter');
		await page.keyboard.press('c');
		await page.getByRole('dialog').getByText(/Nothing to connect to|connected already/).first().waitFor();
		await page.keyboard.press('Escape');
		await page.keyboard.press('Delete');
		assert.equal(await page.locator('.react-flow__node').count(), 2);
		await page.keyboard.press('Control+z');
		await page.locator('.react-flow__edge').nth(1).waitFor({ state: 'attached' });
		page.check();
		await context.close();
	});

	test('two tabs: the later save is not written over the earlier one, and both changes can be kept', async () => {
		const user = await site.stack.user();
		const odd = { zz: [1], id: 'a', position: { x: 0, y: 0 }, data: { definition: { type: 'logger', title: 'One' }, config: { keep: { me: 1 } }, extra: true } };
		const id = await user.workflow([odd, { ...node('b', 'logger'), position: { x: 0, y: 200 } }], []);
		const context = await site.browser.window({ session: sessionOf(user) });
		const [first, second] = [await site.browser.tab(context, `/workflows/${id}`), await site.browser.tab(context, `/workflows/${id}`)];
		await step(first, 'a').click();
		await step(second, 'b').click();
		second.allowed.push(/412/);
		await first.getByLabel('Name', { exact: true }).fill('From the first');
		await first.waitForResponse((response) => response.request().method() === 'PUT' && response.ok());
		await second.getByLabel('Name', { exact: true }).fill('From the second');
		await second.getByRole('heading', { name: 'This workflow was changed elsewhere' }).waitFor();
		await assertAccessible(second, 'a conflict');
		await second.getByRole('button', { name: 'Keep both changes' }).click();
		await saved(second);
		const { nodes } = (await user.get(`/api/workflows/${id}`)).body;
		assert.deepEqual(nodes.map(({ data }) => data.definition.title), ['From the first', 'From the second']);
		assert.deepEqual(nodes[0], { ...odd, data: { ...odd.data, definition: { type: 'logger', title: 'From the first' } } });
		for (const page of [first, second]) page.check();
		await context.close();
	});

	test('an ended session: sign in over the page, and nothing is lost', async () => {
		const user = await site.stack.user();
		const id = await user.workflow([node('a', 'logger')]);
		const context = await site.browser.window({ session: sessionOf(user) });
		const page = await site.browser.tab(context, `/workflows/${id}`);
		page.allowed.push(/401/);
		await step(page, 'a').click();
		await page.route('**/api/workflows/*', (route) => route.continue({ headers: { ...route.request().headers(), authorization: 'Bearer gone' } }), { times: 1 });
		await page.getByLabel('Name', { exact: true }).fill('Typed before');
		await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
		await page.getByLabel('Password').fill(user.password);
		await page.getByRole('button', { name: 'Sign in' }).click();
		await saved(page);
		assert.equal((await user.get(`/api/workflows/${id}`)).body.nodes[0].data.definition.title, 'Typed before');
		page.check();
		await context.close();
	});

	test('what users write stays text, and 300 nodes are drawn', async () => {
		const user = await site.stack.user();
		const nodes = Array.from({ length: 300 }, (_, i) => ({ ...node(`n${i}`, 'logger', { label: XSS }), position: { x: (i % 20) * 320, y: Math.floor(i / 20) * 140 } }));
		nodes[0].data.definition.title = XSS;
		const id = await user.workflow(nodes);
		await user.put(`/api/workflows/${id}`, { name: XSS, description: XSS });
		const context = await site.browser.window({ session: sessionOf(user) });
		const page = await site.browser.tab(context, '/workflows');
		await page.getByRole('link', { name: XSS }).click();
		await page.waitForFunction(() => document.querySelectorAll('.react-flow__node').length === 300);
		await page.getByText(XSS).first().waitFor();
		assert.equal(await page.locator('img[src="x"], #root script').count(), 0);
		assert.match(await page.title(), /^<img/);
		page.check();
		await context.close();
	});

	test('deleting can be taken back; a lost connection is said and survived', async () => {
		const user = await site.stack.user();
		const id = await user.workflow([node('a', 'logger')]);
		const context = await site.browser.window({ session: sessionOf(user) });
		const page = await site.browser.tab(context, '/workflows');
		const remove = async () => {
			await page.getByRole('button', { name: /^Actions for/ }).click();
			await page.getByRole('menuitem', { name: 'Delete' }).click();
		};
		await remove();
		await page.getByRole('button', { name: 'Undo' }).click();
		await page.getByRole('link', { name: 'Test workflow' }).click();
		page.allowed.push(/INTERNET_DISCONNECTED/);
		await step(page, 'a').click();
		await context.setOffline(true);
		await page.getByText('You are offline').waitFor();
		await page.getByLabel('Name', { exact: true }).fill('Typed offline');
		await page.getByText('Not saved', { exact: true }).waitFor();
		await context.setOffline(false);
		await saved(page);
		assert.equal((await user.get(`/api/workflows/${id}`)).body.nodes[0].data.definition.title, 'Typed offline');
		await page.getByRole('link', { name: 'All workflows' }).click();
		await remove();
		await page.getByRole('button', { name: 'Dismiss' }).click();
		await page.getByText('No workflows yet').waitFor();
		page.check();
		await context.close();
	});
});
