/*
 * Calls to URLs that users give: nothing that is not on the public internet is even connected to,
 * however it is written, wherever a redirect or a name leads. What a program connects to is seen by
 * the shim in its connect(), not only by what the program says of itself.
 */
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { INTERNAL, NOT_URLS } from './addresses.js';
import { PUBLIC, serve, startDriver } from './egress.js';

const REDIRECTS = [301, 302, 303, 307, 308];

/* Names on the public internet, names that lead inside, and names that change or know both. */
const RESOLVE = [
	`www.example.com=${PUBLIC}`,
	`www.example.com.=${PUBLIC}`,
	`other.example.com=${PUBLIC}`,
	'inside.example.com=10.0.0.5',
	'six.example.com=fd00::5+::1',
	'mixed.example.com=10.0.0.5+127.0.0.1+192.168.0.7',
	`both.example.com=127.0.0.1+${PUBLIC}`,
	`rebind-a.example.com=${PUBLIC},127.0.0.1`,
	`rebind-b.example.com=${PUBLIC},127.0.0.1`,
	'*=127.0.0.1',
].join(';');

let internet, decoy, driver;

/* What the public internet answers. */
const pages = {
	'/redirect': ({ searchParams: query }, response) => {
		response.writeHead(Number(query.get('status')), { location: query.get('to') }).end();
	},
	'/echo': (url, response, seen) => response.end(JSON.stringify(seen)),
	'/status': ({ searchParams: query }, response) =>
		response.writeHead(Number(query.get('code')), { 'retry-after': '7' }).end('so be it'),
	'/loop': (url, response) => response.writeHead(302, { location: '/loop' }).end(),
	'/silent': () => {},
	'/big': (url, response) => response.end('x'.repeat(6 * 1024 * 1024)),
	'/text': (url, response) => response.end('é'.repeat(5001)),
	'/number': (url, response) => response.writeHead(200, { 'content-type': 'text/plain' }).end('0010'),
	'/binary': (url, response) =>
		response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from([137, 80, 0, 255])),
	'/latin1': (url, response) => {
		response.socket.end(Buffer.from('HTTP/1.1 200 Gr\xfc\xdfe\r\nX-Name: \xfc\r\nContent-Length: 2\r\n\r\nok', 'latin1'));
	},
};

before(async () => {
	internet = await serve((url, response, seen) => pages[url.pathname](url, response, seen));
	decoy = await serve((url, response) => response.end('secret'));
	driver = await startDriver({ resolve: RESOLVE, publicPort: internet.port });
});

after(async () => {
	await Promise.all([internet.close(), decoy.close()]);
	await driver.stop();
});

beforeEach(() => {
	internet.seen.length = 0;
	decoy.seen.length = 0;
});

const request = (config, more) => driver.run({ type: 'http-request', config, inputs: {}, ...more });
const notify = (config, more) =>
	driver.run({ type: 'notification', config: { message: 'Hello', ...config }, inputs: {}, ...more });

/* Each way to call a URL that a user gives. */
const WAYS = {
	'http-request GET': (url) => request({ url }),
	'http-request POST': (url) => request({ url, method: 'POST', body: { a: 1 } }),
	'notification Webhook': (recipient) => notify({ channel: 'Webhook', recipient }),
	'notification Slack': (recipient) => notify({ channel: 'Slack', recipient }),
	'notification Discord': (recipient) => notify({ channel: 'Discord', recipient }),
};

const redirect = (to, status = 302) =>
	`http://www.example.com/redirect?status=${status}&to=${encodeURIComponent(to)}`;

function assertNotCalled(answer, what, connects = []) {
	assert.deepEqual(answer.connects, connects, `${what} is not connected to`);
	assert.equal(answer.ok, false, what);
	assert.equal(decoy.seen.length, 0, `${what} reaches nobody`);
	assert.ok(answer.message, 'it says why');
}

describe('the tracing', () => {
	test('sees a connection to the public internet', async () => {
		const answer = await request({ url: 'http://www.example.com:8080/echo' });
		assert.equal(answer.ok, true, answer.message);
		assert.deepEqual(answer.connects, [`${PUBLIC} 8080`]);
		assert.equal(internet.seen.length, 1);
	});

	for (const [allow, host] of [
		['127.0.0.1', '127.0.0.1'],
		['10.0.0.0/8, 127.0.0.0/8', '127.0.0.1'],
		['127.0.0.1', 'localhost'],
		['nas.lan', 'nas.lan'],
		['nas.lan', 'NAS.LAN.'],
		['.corp.example', 'wiki.corp.example'],
		['xn--bcher-kva.example', 'bücher.example'],
	])
		test(`sees a connection to ${host}, which "${allow}" allows`, async () => {
			for (const [way, call] of [
				['http-request', (url) => request({ url }, { allow })],
				['notification', (url) => notify({ channel: 'Slack', recipient: url }, { allow })],
			]) {
				const answer = await call(`http://${host}:${decoy.port}/`);
				assert.equal(answer.ok, true, `${way}: ${answer.message}`);
				assert.deepEqual(answer.connects, [`127.0.0.1 ${decoy.port}`], way);
			}
			assert.equal(decoy.seen.length, 2);
		});

	test('sees what providers and the storage may call, which nobody guards', async () => {
		const url = `http://127.0.0.1:${decoy.port}/`;
		const answer = await driver.run({ type: 'unguarded', config: { url }, fresh: true });
		assert.deepEqual([answer.ok, answer.connects], [true, [`127.0.0.1 ${decoy.port}`]]);
	});
});

describe('addresses that are not on the public internet', () => {
	test('there are enough forms of them', () => {
		assert.ok(new Set(INTERNAL.map(([, host]) => host)).size >= 200);
	});

	for (const [way, call] of Object.entries(WAYS))
		test(`${way} connects to none of ${INTERNAL.length} forms`, async () => {
			for (const [form, host] of INTERNAL) {
				const answer = await call(`http://${host}:${decoy.port}/`);
				assertNotCalled(answer, `${form} ${host}`);
				assert.match(answer.kind, /^(forbidden|invalid)$/, `${form} ${host}: ${answer.message}`);
			}
		});

	for (const [way, call] of Object.entries(WAYS))
		test(`${way} takes none of ${NOT_URLS.length} odd URLs`, async () => {
			for (const url of NOT_URLS)
				assertNotCalled(await call(url.replace('PORT', decoy.port)), JSON.stringify(url));
		});

	for (const host of ['inside', 'six', 'mixed'])
		test(`${host}.example.com, which only resolves to such`, async () => {
			for (const call of Object.values(WAYS)) {
				const answer = await call(`http://${host}.example.com:${decoy.port}/`);
				assertNotCalled(answer, host);
				assert.equal(answer.kind, 'forbidden');
				assert.ok(!/\d+\.\d+\.\d+\.\d+|::/.test(answer.message), 'the address is not told');
			}
		});

	test('a name that has both kinds: only the public one is connected to', async () => {
		const answer = await request({ url: 'http://both.example.com:8080/echo' });
		assert.deepEqual([answer.ok, answer.connects], [true, [`${PUBLIC} 8080`]]);
	});

	test('a name that means something else the second time', async () => {
		const url = `http://rebind-a.example.com:${decoy.port}/echo`;
		const first = await request({ url }, { fresh: true });
		assert.deepEqual([first.ok, first.connects], [true, [`${PUBLIC} ${decoy.port}`]]);
		assertNotCalled(await request({ url }, { fresh: true }), 'the second answer');
		const recipient = `http://rebind-b.example.com:${decoy.port}/echo`;
		const sent = await notify({ channel: 'Slack', recipient }, { fresh: true });
		assert.deepEqual([sent.ok, sent.connects], [true, [`${PUBLIC} ${decoy.port}`]]);
		assertNotCalled(await notify({ channel: 'Slack', recipient }, { fresh: true }), 'the second answer');
	});

	test('a connection that an unguarded call has left is not used', async () => {
		const url = `http://127.0.0.1:${decoy.port}/`;
		assert.equal((await driver.run({ type: 'unguarded', config: { url } })).ok, true);
		const again = await driver.run({ type: 'unguarded', config: { url } });
		assert.deepEqual([again.ok, again.connects], [true, []], 'it is kept');
		decoy.seen.length = 0;
		for (const call of Object.values(WAYS)) assertNotCalled(await call(url), url);
	});

	test('a connection that an allowed call has left is not used', async () => {
		const url = `http://nas.lan:${decoy.port}/`;
		assert.equal((await request({ url }, { allow: 'nas.lan' })).ok, true);
		decoy.seen.length = 0;
		assertNotCalled(await request({ url }), url);
	});

	test('a proxy of the environment is not used', async () => {
		const proxy = `http://127.0.0.1:${decoy.port}`;
		const names = ['http_proxy', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];
		const env = Object.fromEntries(names.map((name) => [name, proxy]));
		const proxied = await startDriver({ resolve: RESOLVE, publicPort: internet.port, env });
		const config = { url: 'http://www.example.com:8080/echo' };
		const plain = await proxied.run({ type: 'unguarded', config });
		const guarded = await proxied.run({ type: 'http-request', config, inputs: {} });
		await proxied.stop();
		assert.deepEqual(plain.connects, [`127.0.0.1 ${decoy.port}`], 'other calls use it');
		assert.deepEqual(guarded.connects, [`${PUBLIC} 8080`]);
	});

	test('an allowed host does not open the others', async () => {
		const allow = 'nas.lan, .corp.example, 10.0.0.0/8';
		for (const host of ['127.0.0.1', 'localhost', 'corp.example', 'nas.lan.example', 'xnas.lan', 'xcorp.example'])
			assertNotCalled(await request({ url: `http://${host}:${decoy.port}/` }, { allow }), host);
	});
});

describe('redirects', () => {
	for (const status of REDIRECTS)
		test(`${status} to what is not on the public internet`, async () => {
			for (const host of ['127.0.0.1', 'localhost', '2130706433', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254', '10.0.0.1', 'inside.example.com'])
				for (const to of [`http://${host}:${decoy.port}/`, `//${host}:${decoy.port}/`])
					for (const [way, call] of Object.entries(WAYS))
						assertNotCalled(await call(redirect(to, status)), `${way} to ${to}`, [`${PUBLIC} 80`]);
		});

	test('to what is no URL to call', async () => {
		for (const to of ['file:///etc/passwd', 'ftp://www.example.com/', 'http://user:pw@www.example.com/', 'gopher://x/', 'http://[::1'])
			for (const [way, call] of Object.entries(WAYS)) {
				const answer = await call(redirect(to));
				assertNotCalled(answer, `${way} to ${to}`, [`${PUBLIC} 80`]);
				assert.equal(answer.kind, 'refused', answer.message);
			}
	});

	test('from a host that is allowed to one that is not', async () => {
		const inner = await serve((url, response) =>
			response.writeHead(302, { location: `http://localhost:${decoy.port}/` }).end());
		const url = `http://nas.lan:${inner.port}/`;
		const answer = await request({ url }, { allow: 'nas.lan' });
		await inner.close();
		assertNotCalled(answer, 'localhost', [`127.0.0.1 ${inner.port}`]);
	});

	test('without end', async () => {
		const answer = await request({ url: 'http://www.example.com/loop' });
		assert.deepEqual([answer.kind, internet.seen.length], ['refused', 6], answer.message);
	});

	test('are followed to where they lead', async () => {
		for (const to of ['http://other.example.com/echo', '/echo', 'echo?x=1', '//other.example.com/echo', 'http://other.example.com/echo#part']) {
			const answer = await request({ url: redirect(to) });
			assert.equal(answer.ok, true, answer.message);
			assert.deepEqual(new URL(answer.output.url).pathname, '/echo');
		}
	});

	for (const [status, method, then, body] of [
		[301, 'POST', 'GET', ''],
		[302, 'POST', 'GET', ''],
		[303, 'POST', 'GET', ''],
		[307, 'POST', 'POST', '{"a":1}'],
		[308, 'POST', 'POST', '{"a":1}'],
		[301, 'PUT', 'PUT', '{"a":1}'],
		[302, 'DELETE', 'DELETE', '{"a":1}'],
		[303, 'PUT', 'GET', ''],
		[303, 'DELETE', 'GET', ''],
		[302, 'GET', 'GET', ''],
		[303, 'HEAD', 'HEAD', ''],
	])
		test(`${status} after ${method} goes on as ${then}`, async () => {
			const answer = await request({ url: redirect('/echo', status), method, body: { a: 1 } });
			assert.equal(answer.ok, true, answer.message);
			const last = internet.seen.at(-1);
			assert.deepEqual([last.method, last.url, last.body], [then, '/echo', body]);
			assert.equal(last.headers['content-type'], body ? 'application/json' : undefined);
		});

	const headers = {
		Authorization: 'Bearer geheim',
		Cookie: 'geheim',
		'Proxy-Authorization': 'geheim',
		'X-Api-Key': 'geheim',
		'x-acme-token': 'geheim',
		Accept: 'text/plain',
	};
	for (const [to, keeps] of [
		['/echo', true],
		['http://WWW.EXAMPLE.com:80/echo', true],
		['http://other.example.com/echo', false],
		['http://www.example.com:8080/echo', false],
		['http://www.example.com.:80/echo', false],
	])
		test(`to ${to} ${keeps ? 'keeps' : 'drops'} credentials`, async () => {
			const answer = await request({ url: redirect(to), headers });
			assert.equal(answer.ok, true, answer.message);
			const sent = JSON.stringify(internet.seen.at(-1).headers);
			assert.equal(sent.split('geheim').length - 1, keeps ? 5 : 0, sent);
			assert.equal(internet.seen.at(-1).headers.accept, 'text/plain');
		});

	test('there and back again does not bring credentials back', async () => {
		const back = redirect('http://www.example.com/echo').replace('www', 'other');
		await request({ url: redirect(back), headers });
		assert.ok(!JSON.stringify(internet.seen.at(-1)).includes('geheim'));
		assert.equal(internet.seen.length, 3);
	});
});

describe('templates', () => {
	const inputs = (value) => ({ source: { value } });

	test('cannot add a header', async () => {
		for (const value of ['a\r\nX-Evil: 1', 'a\nX-Evil: 1', 'a\rX-Evil: 1', 'a\u0001', 'a\u007f'])
			assertNotCalled(
				await request(
					{ url: 'http://www.example.com/echo', headers: { 'X-Name': '{{source.value}}' } },
					{ inputs: inputs(value) },
				),
				JSON.stringify(value),
			);
	});

	test('nor a line to the request', async () => {
		for (const value of ['x HTTP/1.1\r\nX-Evil: 1', 'x\r\n\r\nGET / HTTP/1.1', '\n'])
			assertNotCalled(
				await request({ url: 'http://www.example.com/echo?{{source.value}}' }, { inputs: inputs(value) }),
				JSON.stringify(value),
			);
	});

	test('blanks and other characters in a URL are encoded', async () => {
		const url = 'http://www.example.com/echo?q={{source.value}}&x=1';
		const answer = await request({ url }, { inputs: inputs('a b é') });
		assert.equal(answer.ok, true, answer.message);
		const query = new URL(internet.seen[0].url, 'http://x').searchParams;
		assert.deepEqual([query.get('q'), query.get('x')], ['a b é', '1']);
	});

	test('cannot turn the host into another', async () => {
		const values = [`@127.0.0.1:${decoy.port}/`, `/@127.0.0.1`, '?', '#', `\\@127.0.0.1`, ':80@127.0.0.1', `:x@inside.example.com`];
		for (const value of values)
			for (const call of [
				(url) => request({ url }, { inputs: inputs(value) }),
				(url) => notify({ channel: 'Webhook', recipient: url }, { inputs: inputs(value) }),
			])
				assertNotCalled(await call('http://www.example.com{{source.value}}'), value);
	});

	test('after the host they are a part of the path', async () => {
		for (const value of ['//127.0.0.1/', '@127.0.0.1', '/../..//127.0.0.1', 'http://127.0.0.1/']) {
			const answer = await request({ url: 'http://www.example.com/echo?{{source.value}}' }, { inputs: inputs(value) });
			assert.deepEqual([answer.ok, answer.connects], [true, [`${PUBLIC} 80`]], value);
		}
	});

	test('may be the whole URL, which is guarded like any', async () => {
		const config = { url: '{{source.value}}' };
		assert.equal((await request(config, { inputs: inputs('http://www.example.com/echo') })).ok, true);
		assertNotCalled(await request(config, { inputs: inputs(`http://127.0.0.1:${decoy.port}/`) }), 'loopback');
	});

	test('cannot break out of a JSON body', async () => {
		for (const body of ['{"text":"{{source.value}}"}', { text: '{{source.value}}' }]) {
			const value = '","admin":true,"x":"\n';
			const config = { url: 'http://www.example.com/echo', method: 'POST', body };
			const answer = await request(config, { inputs: inputs(value) });
			assert.equal(answer.ok, true, answer.message);
			assert.deepEqual(JSON.parse(internet.seen.at(-1).body), { text: value });
		}
	});

	for (const name of ['Host', 'content-length', 'Transfer-Encoding', 'Connection', 'Upgrade', 'Expect', 'TE', 'X Y', 'X:Y', '', 'X\r\nY', 'Ü', 'Host\t'])
		test(`header ${JSON.stringify(name)} is not taken`, async () => {
			const answer = await request({ url: 'http://www.example.com/echo', headers: { [name]: 'x' } });
			assertNotCalled(answer, name);
			assert.equal(answer.kind, 'invalid');
		});
});

describe('http-request', () => {
	test('gives the answer', async () => {
		const answer = await request({
			url: ' http://www.example.com/echo?a=1 ',
			method: 'put',
			headers: '{"X-Number": 5, "X-Name": "{{input.name}}"}',
			body: 'plain {{input.name}}',
			timeout: '5000',
		}, { inputs: { source: { name: 'Ada' } } });
		assert.equal(answer.ok, true, answer.message);
		const { headers, body, ...rest } = answer.output;
		assert.deepEqual(rest, {
			statusCode: 200,
			statusText: 'OK',
			url: 'http://www.example.com/echo?a=1',
			method: 'PUT',
		});
		assert.equal(headers['content-length'], String(JSON.stringify(body).length));
		assert.deepEqual([body.method, body.body], ['PUT', 'plain Ada']);
		assert.equal(body.headers['x-number'], '5');
		assert.equal(body.headers['x-name'], 'Ada');
		assert.equal(body.headers['content-type'], 'text/plain; charset=utf-8');
	});

	test('keeps the content type that was given', async () => {
		const headers = { 'content-type': 'application/vnd.api+json' };
		await request({ url: 'http://www.example.com/echo', method: 'POST', headers, body: '[1]' });
		assert.equal(internet.seen[0].headers['content-type'], 'application/vnd.api+json');
	});

	for (const code of [400, 404, 429, 500, 503])
		test(`${code} is output`, async () => {
			const answer = await request({ url: `http://www.example.com/status?code=${code}` });
			assert.equal(answer.ok, true, answer.message);
			assert.deepEqual([answer.output.statusCode, answer.output.body], [code, 'so be it']);
		});

	for (const [code, kind] of [[404, undefined], [429, 'rate-limited'], [500, 'upstream'], [503, 'upstream']])
		test(`with more than one try, ${code} is ${kind ?? 'output all the same'}`, async () => {
			const url = `http://www.example.com/status?code=${code}`;
			const answer = await request({ url, retryAttempts: '3' });
			assert.deepEqual([answer.kind, answer.retryAfter], [kind, kind && 7]);
		});

	test('cuts a long text, between characters', async () => {
		const answer = await request({ url: 'http://www.example.com/text' });
		assert.equal(answer.output.body, 'é'.repeat(5000));
		assert.match(answer.notes[0], /5001 characters; the first 5000/);
	});

	test('leaves out what is not text', async () => {
		const answer = await request({ url: 'http://www.example.com/binary' });
		assert.equal(answer.output.body, null);
		assert.match(answer.notes[0], /4 bytes, type "image\/png"/);
	});

	test('keeps a text that merely looks like a number', async () => {
		assert.equal((await request({ url: 'http://www.example.com/number' })).output.body, '0010');
	});

	test('takes headers that are not UTF-8', async () => {
		const answer = await request({ url: 'http://www.example.com/latin1' });
		assert.equal(answer.ok, true, answer.message);
		assert.deepEqual([answer.output.statusText, answer.output.headers['x-name']], ['Gre', '']);
	});

	test('gives up on a server that does not answer', async () => {
		const answer = await request({ url: 'http://www.example.com/silent', timeout: 300 });
		assert.equal(answer.kind, 'upstream');
		assert.match(answer.message, /www\.example\.com: it took too long/);
	});

	test('gives up on an answer that is too large', async () => {
		assert.equal((await request({ url: 'http://www.example.com/big' })).kind, 'too-large');
	});

	for (const [what, config, message] of [
		['no URL', {}, /Enter a URL/],
		['an unknown method', { method: 'BREW' }, /"BREW" is not one of the methods/],
		['headers that are no JSON', { headers: 'X-Name: 1' }, /JSON object/],
		['headers that are an array', { headers: ['a'] }, /JSON object/],
		['a URL with a password', { url: 'http://u:pw-geheim@www.example.com/' }, /Authorization header/],
		['another scheme', { url: 'ftp://www.example.com/' }, /http:\/\/ or https:\/\//],
	])
		test(`says what is wrong with ${what}`, async () => {
			const url = what === 'no URL' ? undefined : 'http://www.example.com/';
			const answer = await request({ url, ...config });
			assertNotCalled(answer, what);
			assert.match(answer.message, message);
			assert.doesNotMatch(answer.message, /geheim/);
		});
});

describe('notification', () => {
	const recipient = 'http://www.example.com/echo';

	test('to Slack', async () => {
		const answer = await notify({ channel: 'slack', recipient, message: 'Hi {{input.name}}' }, { inputs: { a: { name: 'Ada' } } });
		assert.deepEqual(answer.output, { sent: true, channel: 'Slack', statusCode: 200 });
		assert.deepEqual(JSON.parse(internet.seen[0].body), { text: 'Hi Ada' });
		assert.equal(internet.seen[0].headers['content-type'], 'application/json');
	});

	test('to Discord, where nobody is pinged', async () => {
		const answer = await notify({ channel: 'Discord', recipient, message: '@everyone' });
		assert.deepEqual(answer.output, { sent: true, channel: 'Discord', statusCode: 200 });
		assert.deepEqual(JSON.parse(internet.seen[0].body), { content: '@everyone', allowed_mentions: { parse: [] } });
	});

	test('takes the upstream text where it has none', async () => {
		await notify({ channel: 'Slack', recipient, message: ' ' }, { inputs: { a: { text: 'from upstream' } } });
		assert.deepEqual(JSON.parse(internet.seen[0].body), { text: 'from upstream' });
	});

	for (const prefix of ['whsec_', ''])
		test(`to a webhook, signed with a secret that begins with "${prefix}"`, async () => {
			const key = randomBytes(32);
			const secret = `${prefix}${key.toString('base64')}`;
			const answer = await notify({ channel: 'Webhook', recipient, secret });
			assert.equal(answer.ok, true, answer.message);
			const [{ headers, body }] = internet.seen;
			const { 'webhook-id': id, 'webhook-timestamp': timestamp } = headers;
			const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
			assert.equal(headers['webhook-signature'], `v1,${expected}`);
			assert.match(id, /^msg_[0-9a-f]{32}$/);
			assert.ok(Math.abs(Date.now() / 1000 - timestamp) < 60);
			const { type, data } = JSON.parse(body);
			assert.deepEqual([type, data], ['notification', { message: 'Hello' }]);
			assert.deepEqual(answer.output, { sent: true, channel: 'Webhook', statusCode: 200, messageId: id });
			assert.ok(!JSON.stringify(answer).includes(secret), 'the secret stays out of it');
			await notify({ channel: 'Webhook', recipient, secret });
			assert.equal(internet.seen[1].headers['webhook-id'], id, 'a second try has the same id');
		});

	test('without a secret it is not signed', async () => {
		await notify({ channel: 'Webhook', recipient });
		assert.equal(internet.seen[0].headers['webhook-signature'], undefined);
		assert.match(internet.seen[0].headers['webhook-id'], /^msg_/);
	});

	for (const [code, kind] of [[400, 'refused'], [404, 'refused'], [429, 'rate-limited'], [500, 'upstream']])
		test(`${code} is ${kind}, and never "sent"`, async () => {
			const answer = await notify({ channel: 'Slack', recipient: `http://www.example.com/status?code=${code}` });
			assert.deepEqual([answer.ok, answer.output, answer.kind, answer.retryAfter], [false, null, kind, 7]);
		});

	for (const [what, config, message] of [
		['Email', { channel: 'Email' }, /no way to deliver to Email/],
		['no channel, which is Email', { channel: undefined }, /no way to deliver to Email/],
		['In-App', { channel: 'In-App' }, /no way to deliver to In-App/],
		['an unknown channel', { channel: 'Pigeon' }, /"Pigeon" is not a channel/],
		['no recipient', { channel: 'Slack', recipient: '' }, /Enter the Slack URL/],
		['no message', { channel: 'Slack', message: '' }, /There is no message/],
		['a message that is too long', { channel: 'Discord', message: 'x'.repeat(2001) }, /2001 characters; Discord takes at most 2000/],
		['a secret that is no base64', { channel: 'Webhook', secret: 'whsec_geheim!' }, /whsec_ and the base64/],
		['a secret that is too short', { channel: 'Webhook', secret: 'whsec_Z2VoZWlt' }, /24 to 64 bytes/],
	])
		test(`${what}: nothing is sent`, async () => {
			const answer = await notify({ recipient, ...config });
			assertNotCalled(answer, what);
			assert.match(answer.message, message);
			assert.doesNotMatch(answer.message, /geheim|Z2VoZWlt/);
		});
});
