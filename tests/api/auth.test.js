/* Registering, signing in, and every way in which a token can be wrong. */
import assert from 'node:assert/strict';
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { USER, assertShape } from './shapes.js';
import { Stack } from './stack.js';

const SEVEN_DAYS = 7 * 24 * 3600;
const PASSWORD = 'correct horse battery';
/* Of PASSWORD, made by crypt(3). */
const HASHES = {
	$2a$: '$2a$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS',
	$2b$: '$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS',
};
/* What must never let anybody in, PASSWORD or not. */
const USELESS_HASHES = ['', '*', '!', PASSWORD, '$1$abcdefgh$E2IUOVGWn4QIROUcRm1wO/', '$2b$04$short', '$y$', '$y$j9T$'];

const base64url = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

/* A token of these parts, signed over them with HMAC. */
function token(secret, header, payload, hash = 'sha256') {
	const signed = `${base64url(header)}.${base64url(payload)}`;
	return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
}

function readToken(text) {
	return text.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
}

describe('sign-in', () => {
	let stack, client, user, secret;
	before(async () => {
		stack = await Stack.start({ redis: false, pool: 1 });
		user = await stack.user();
		[client, secret] = [stack.client, stack.programs.JWT_SECRET];
	});
	after(() => stack.stop());

	const register = (body) => client.post('/api/auth/register', { email: `${crypto.randomUUID()}@example.org`, ...body });
	const login = (email, password) => client.post('/api/auth/login', { email, password });
	const claims = (changes) => ({ userId: user.user.id, email: user.email, iat: now(), exp: now() + 3600, ...changes });
	const tokenOf = (changes) => token(secret, { alg: 'HS256', typ: 'JWT' }, claims(changes));
	const me = (value) => client.as(value).get('/api/auth/me');

	async function assertRefused(value, what) {
		const answer = await me(value);
		assert.equal(answer.status, 401, `${what}: ${answer.text}`);
		assert.deepEqual(answer.body, { error: 'Invalid or expired token' }, what);
		assert.equal(answer.headers['www-authenticate'], 'Bearer', what);
	}

	describe('register and login', () => {
		test('a user registers, signs in and asks who it is', async () => {
			const email = 'Ada.Lovelace@Example.org';
			const registered = await register({ email: `  ${email} `, password: PASSWORD, name: ' Ada ' });
			assert.equal(registered.status, 201, registered.text);
			assertShape(USER, registered.body.user);
			assert.deepEqual([registered.body.user.email, registered.body.user.name], [email, 'Ada']);
			const signedIn = await login(email, PASSWORD);
			assert.equal(signedIn.status, 200, signedIn.text);
			assert.deepEqual(signedIn.body.user, registered.body.user);
			for (const { body } of [registered, signedIn])
				assert.deepEqual((await me(body.token)).body, { user: registered.body.user });
			assert.doesNotMatch(registered.text + signedIn.text, /password|hash|\$y\$/i);
		});

		test('the token is an HS256 JWT of seven days', async () => {
			const [header, payload] = readToken((await login(user.email, user.password)).body.token);
			assert.equal(header.alg, 'HS256');
			assert.deepEqual([payload.userId, payload.email], [user.user.id, user.email]);
			assert.equal(payload.exp - payload.iat, SEVEN_DAYS);
		});

		test('a name is optional', async () => {
			const { status, body } = await register({ password: PASSWORD });
			assert.deepEqual([status, body.user.name], [201, null]);
		});

		test('an email is compared without case', async () => {
			const email = `Mixed.${crypto.randomUUID()}@Example.ORG`;
			assert.equal((await register({ email, password: PASSWORD })).status, 201);
			for (const same of [email.toLowerCase(), email.toUpperCase(), ` ${email} `]) {
				assert.equal((await login(same, PASSWORD)).status, 200, same);
				const again = await register({ email: same, password: PASSWORD });
				assert.equal(again.status, 409);
				assert.deepEqual(again.body, { error: 'A user with this email already exists' });
			}
		});

		test('of many registrations of one email one succeeds', async () => {
			const email = `${crypto.randomUUID()}@example.org`;
			const answers = await Promise.all(Array.from({ length: 4 }, () => register({ email, password: PASSWORD })));
			assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409, 409]);
		});

		test('wrong password and unknown user get the same answer', async () => {
			for (const [email, password] of [
				[user.email, `${user.password} `],
				[user.email, user.password.toUpperCase()],
				['nobody@example.org', user.password],
				[user.email, 'x'.repeat(511)],
				[user.email, '🔑'.repeat(500)],
			]) {
				const answer = await login(email, password);
				assert.equal(answer.status, 401, answer.text);
				assert.deepEqual(answer.body, { error: 'Invalid email or password' });
			}
		});

		const passwords = {
			'8 characters': 'x'.repeat(8),
			'128 characters': 'x'.repeat(128),
			'8 characters of four bytes': '🔑'.repeat(8),
			'128 characters, 384 bytes': '鍵'.repeat(128),
			'511 bytes': `${'🔑'.repeat(127)}鍵`,
			'blanks around it': '  a password  ',
		};
		for (const [what, password] of Object.entries(passwords))
			test(`a password of ${what} is kept whole`, async () => {
				const registered = await register({ password });
				assert.equal(registered.status, 201, registered.text);
				const { email } = registered.body.user;
				assert.equal((await login(email, password)).status, 200);
				assert.equal((await login(email, password.slice(0, -2))).status, 401, 'its last character counts');
			});
		for (const [what, password] of Object.entries({
			'7 characters': 'x'.repeat(7),
			'7 characters of four bytes': '🔑'.repeat(7),
			'129 characters': 'x'.repeat(129),
			'more than 511 bytes': '🔑'.repeat(128),
		}))
			test(`a password of ${what} is refused`, async () => {
				const { status, body } = await register({ password });
				assert.equal(status, 400);
				assert.deepEqual(body.details.map(({ path }) => path), [['password']]);
			});

		test('passwords are kept as yescrypt, each with its own salt', async () => {
			const two = await Promise.all([register({ password: PASSWORD }), register({ password: PASSWORD })]);
			const ids = two.map(({ body }) => `'${body.user.id}'`);
			const hashes = (await stack.sql(`SELECT password_hash FROM users WHERE id IN (${ids})`)).split('\n');
			assert.equal(new Set(hashes).size, 2);
			for (const hash of hashes) assert.match(hash, /^\$y\$/);
		});

		const withHash = async (hash) => {
			const { email, id } = (await register({ password: 'to be replaced' })).body.user;
			await stack.sql(`UPDATE users SET password_hash = '${hash}' WHERE id = '${id}'`);
			return email;
		};
		for (const [kind, hash] of Object.entries(HASHES))
			test(`a hash of kind ${kind} verifies`, async () => {
				const email = await withHash(hash);
				assert.equal((await login(email, PASSWORD)).status, 200);
				assert.equal((await login(email, `${PASSWORD}!`)).status, 401);
			});
		for (const hash of USELESS_HASHES)
			test(`a hash of ${JSON.stringify(hash)} lets nobody in`, async () => {
				assert.equal((await login(await withHash(hash), PASSWORD)).status, 401);
			});
	});

	describe('tokens', () => {
		const strange = {
			'no payload object': () => token(secret, { alg: 'HS256' }, '[1,2]'),
			'a payload that is no JSON': () => token(secret, { alg: 'HS256' }, 'hello'),
			'a header that is no JSON': () => token(secret, 'hello', claims()),
			'a header with NUL': () => token(secret, '{"alg":"HS256\\u0000"}', claims()),
			'no alg': () => token(secret, { typ: 'JWT' }, claims()),
			'alg none, unsigned': () => `${base64url({ alg: 'none' })}.${base64url(claims())}.`,
			'alg none, signed': () => token(secret, { alg: 'none' }, claims()),
			'alg nOnE': () => `${base64url({ alg: 'nOnE' })}.${base64url(claims())}.x`,
			'alg hs256': () => token(secret, { alg: 'hs256' }, claims()),
			'alg HS384': () => token(secret, { alg: 'HS384' }, claims(), 'sha384'),
			'alg HS512': () => token(secret, { alg: 'HS512' }, claims(), 'sha512'),
			'alg as a list': () => token(secret, { alg: ['HS256'] }, claims()),
			'a critical extension': () => token(secret, { alg: 'HS256', crit: ['exp'] }, claims()),
			'another secret': () => token(`${secret}x`, { alg: 'HS256' }, claims()),
			'an empty secret': () => token('', { alg: 'HS256' }, claims()),
			'an expired one': () => tokenOf({ exp: now() - 1 }),
			'exp now': () => tokenOf({ exp: now() }),
			'no exp': () => tokenOf({ exp: undefined }),
			'exp as text': () => tokenOf({ exp: String(now() + 3600) }),
			'exp as a fraction': () => tokenOf({ exp: now() - 0.5 }),
			'exp null': () => tokenOf({ exp: null }),
			'exp negative': () => tokenOf({ exp: -1 }),
			'no userId': () => tokenOf({ userId: undefined }),
			'userId as a number': () => tokenOf({ userId: 1 }),
			'userId that is no id': () => tokenOf({ userId: "' OR 1=1 --" }),
			'userId with NUL': () => tokenOf({ userId: `${user.user.id}\0` }),
			'four parts': () => `${tokenOf()}.${base64url('{}')}`,
			'two parts': () => tokenOf().split('.').slice(0, 2).join('.'),
			'two dots': () => '..',
			'an empty signature': () => tokenOf().replace(/[^.]*$/, ''),
			'an empty payload': () => tokenOf().replace(/\.[^.]*\./, '..'),
			'an empty header': () => tokenOf().replace(/^[^.]*/, ''),
			padding: () => `${tokenOf()}=`,
			'a character that is not base64url': () => tokenOf().replace(/.$/, '+'),
			'5 KB': () => tokenOf({ more: 'x'.repeat(5000) }),
			'5 KB without a dot': () => 'x'.repeat(5000),
			garbage: () => 'null',
		};
		/* Otherwise nothing below would say anything. */
		test('a token that the tests sign themselves is taken', async () => {
			for (const value of [tokenOf(), tokenOf({ more: 'x'.repeat(2000) }), token(secret, { alg: 'HS256', kid: '1' }, claims())])
				assert.equal((await me(value)).status, 200);
		});
		for (const [what, make] of Object.entries(strange)) test(`refused: ${what}`, () => assertRefused(make(), what));

		test('refused: every single part tampered with', async () => {
			const parts = user.token.split('.');
			const payload = readToken(user.token)[1];
			const swapped = base64url({ ...payload, userId: '01890000-0000-7000-8000-000000000000' });
			await assertRefused([parts[0], swapped, parts[2]].join('.'), 'payload');
			const flipped = parts[2].replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
			await assertRefused([parts[0], parts[1], flipped].join('.'), 'signature');
			await assertRefused([base64url({ alg: 'HS256', typ: 'JWT', x: 1 }), parts[1], parts[2]].join('.'), 'header');
			await assertRefused([parts[0], parts[1], parts[2].slice(0, -4)].join('.'), 'a cut signature');
		});

		test('refused: RS256, and HS256 with its public key for a secret', async () => {
			const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
			const signed = `${base64url({ alg: 'RS256', typ: 'JWT' })}.${base64url(claims())}`;
			const signature = createSign('sha256').update(signed).sign(privateKey, 'base64url');
			await assertRefused(`${signed}.${signature}`, 'RS256');
			const pem = publicKey.export({ type: 'spki', format: 'pem' });
			await assertRefused(token(pem, { alg: 'HS256' }, claims()), 'the public key as a secret');
			await assertRefused(token(secret, { alg: 'RS256' }, claims()), 'HMAC under the name of RS256');
		});

		test('a token of 40 KB does not even reach the service', async () => {
			const answer = await me('x'.repeat(40_000));
			assert.equal(answer.status, 431);
			assert.match(answer.body.error, /headers/);
		});

		const headers = {
			'no scheme': () => tokenOf(),
			'another scheme': () => `Basic ${tokenOf()}`,
			'the scheme alone': () => 'Bearer',
			'the scheme and blanks': () => 'Bearer    ',
			nothing: () => '',
		};
		for (const [what, make] of Object.entries(headers))
			test(`no sign-in: ${what}`, async () => {
				const answer = await client.get('/api/auth/me', { headers: { Authorization: make() } });
				assert.deepEqual([answer.status, answer.body], [401, { error: 'Authentication required' }]);
				assert.equal(answer.headers['www-authenticate'], 'Bearer');
			});
		test('the scheme is taken in any case', async () => {
			for (const scheme of ['bearer', 'BEARER', 'Bearer  '])
				assert.equal((await client.get('/api/auth/me', { headers: { Authorization: `${scheme} ${tokenOf()}` } })).status, 200);
		});

		test('a deleted user has no token any more', async () => {
			const gone = await stack.user();
			await stack.sql(`DELETE FROM users WHERE id = '${gone.user.id}'`);
			stack.expectLog(/violates foreign key constraint|DETAIL:  Key \(user_id\)|STATEMENT:  (INSERT|WITH saved)|^\t/);
			await assertRefused(gone.token, 'a deleted user');
			for (const [path, body] of [
				['/api/workflows', { name: 'Orphan' }],
				['/api/voice-profiles', { name: 'Orphan', provider: 'elevenlabs' }],
				['/api/settings/keys', { service: 'openai', key: 'a-key-0123456789' }],
			]) {
				const answer = await gone.post(path, body);
				assert.ok([401, 404].includes(answer.status), `${path}: ${answer.text}`);
			}
			assert.equal((await login(gone.email, gone.password)).status, 401);
		});
	});
});
