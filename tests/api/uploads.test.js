/* Uploads as no browser sends them, and a storage that fails in the middle of one. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { wav } from './samples.js';
import { Stack } from './stack.js';
import { until } from './until.js';

const SAMPLE = wav(1.5);
const FORM = 'multipart/form-data; boundary=B';
const NO_FILE = "No file uploaded. Use multipart field 'file'.";

const bytes = (...pieces) => Buffer.concat(pieces.map((piece) => Buffer.from(piece)));

/* One part, without the delimiter before and the line end behind it. */
function part(content = SAMPLE, { name = 'file', filename = 'a.wav', headers = '' } = {}) {
	return bytes(`Content-Disposition: form-data; name="${name}"; filename="${filename}"\r\n${headers}\r\n`, content);
}

/* A whole body of parts. */
function form(parts = [part()], boundary = 'B') {
	return bytes(...parts.flatMap((one) => [`--${boundary}\r\n`, one, '\r\n']), `--${boundary}--\r\n`);
}

const many = (count, make) => Array.from({ length: count }, (_, i) => make(i));

/* A body, its status, what its error says, and its content type where it is another. */
const UPLOADS = {
	'a good one': [form(), 201],
	'a quoted boundary': [form(), 201, null, 'multipart/form-data; boundary="B"'],
	'a type in capitals, with more parameters': [form(), 201, null, 'Multipart/Form-Data; charset=utf-8; boundary=B'],
	'a boundary of 70 characters': [form(undefined, 'b'.repeat(70)), 201, null, `multipart/form-data; boundary=${'b'.repeat(70)}`],
	'a boundary of 71 characters': [form(undefined, 'b'.repeat(71)), 400, /boundary/, `multipart/form-data; boundary=${'b'.repeat(71)}`],
	'no boundary': [form(), 400, /boundary/, 'multipart/form-data'],
	'an empty boundary': [form(), 400, /boundary/, 'multipart/form-data; boundary='],
	'two boundaries': [form(), 400, /boundary/, 'multipart/form-data; boundary=B; boundary=C'],
	'a boundary of other characters': [form(), 400, /boundary/, 'multipart/form-data; boundary="B{}"'],
	'a boundary that never ends': [form(), 400, /boundary/, 'multipart/form-data; boundary="B'],
	'another boundary': [form(), 400, /boundary/, 'multipart/form-data; boundary=C'],
	'another multipart type': [form(), 415, /multipart\/form-data/, 'multipart/mixed; boundary=B'],
	'JSON': ['{}', 415, /multipart\/form-data/, 'application/json'],
	'no type': [form(), 415, /multipart\/form-data/, ''],

	'no body': ['', 400, /cut off/],
	'the last delimiter alone': ['--B--\r\n', 400, NO_FILE],
	'no last delimiter': [bytes('--B\r\n', part(), '\r\n'), 400, /cut off/],
	'an end in the middle of the file': [form().subarray(0, 1000), 400, /cut off/],
	'an end in the middle of the headers': [form().subarray(0, 20), 400, /cut off/],
	'a last delimiter without a line end': [form().subarray(0, -2), 201],
	'text before and behind': [bytes('This is MIME.\r\n', form(), 'The end.'), 201],
	'too much text before': [bytes('x'.repeat(9000), '\r\n', form()), 400, /too late/],
	'bare line feeds': [bytes('--B\nContent-Disposition: form-data; name="file"\n\n', SAMPLE, '\n--B--\n'), 400, /CRLF/],
	'a bare line feed before the last delimiter': [bytes('--B\r\n', part(), '\n--B--\r\n'), 400, /CRLF/],
	'blanks behind the boundary': [bytes('--B \t \r\n', part(), '\r\n--B--  \r\n'), 201],
	'many blanks behind the boundary': [bytes(`--B${' '.repeat(5000)}\r\n`, part(), '\r\n--B--\r\n'), 400, /boundar/i],
	'almost the boundary, often': [form([part(bytes(SAMPLE, '\r\n--BX\r\n--b\r\n-- B'.repeat(10_000)))]), 201],
	'a multipart inside the file': [form([part(bytes(SAMPLE, '\r\n--C\r\n', part('x'), '\r\n--C--\r\n'))]), 201],
	'the same boundary inside the file': [form([part(bytes(SAMPLE, '\r\n', form([part('x')])))]), 400, /one file at a time/],

	'no headers': [bytes('--B\r\n\r\nx\r\n--B--\r\n'), 400, /Content-Disposition/],
	'no empty line behind the headers': [bytes('--B\r\nContent-Disposition: form-data; name="file"\r\n--B--\r\n'), 400, /./],
	'a header without a colon': [form([bytes('Content-Disposition form-data\r\n\r\nx')]), 400, /Name: value/],
	'a folded header': [form([bytes('Content-Disposition: form-data;\r\n name="file"\r\n\r\n', SAMPLE)]), 400, /Name: value|Content-Disposition/],
	'a doubled header': [form([part(SAMPLE, { headers: 'content-disposition: form-data; name="file"\r\n' })]), 400, /only once/],
	'an attachment': [form([bytes('Content-Disposition: attachment; name="file"\r\n\r\n', SAMPLE)]), 400, /form-data/],
	'two names': [form([bytes('Content-Disposition: form-data; name="file"; name="x"\r\n\r\n', SAMPLE)]), 400, /form-data/],
	'a transfer encoding': [form([part(SAMPLE.toString('base64'), { headers: 'Content-Transfer-Encoding: base64\r\n' })]), 400, /Transfer-Encoding/],
	'a header of 100 KB': [form([part(SAMPLE, { headers: `X: ${'x'.repeat(100_000)}\r\n` })]), 400, /at most \d+ bytes/],
	'10,000 headers': [form([part(SAMPLE, { headers: 'X: y\r\n'.repeat(10_000) })]), 400, /at most \d+/],
	'20 headers': [form([part(SAMPLE, { headers: many(20, (i) => `X-${i}: y\r\n`).join('') })]), 400, /at most \d+ headers/],
	'NUL in a header': [form([part(SAMPLE, { filename: 'a\0.wav' })]), 400, /NUL/],
	'invalid UTF-8 in a header': [form([bytes('Content-Disposition: form-data; name="file"; filename="', [0xff], '"\r\n\r\n', SAMPLE)]), 400, /UTF-8/],

	'10,000 parts': [form(many(10_000, (i) => part('x', { name: `f${i}` }))), 400, /at most \d+ parts/],
	'a field beside the file': [form([part('5', { name: 'durationSec' }), part()]), 201],
	'two files': [form([part(), part()]), 400, /one file at a time/],
	'another field': [form([part(SAMPLE, { name: 'audio' })]), 400, NO_FILE],
	'the field in capitals': [form([part(SAMPLE, { name: 'File' })]), 400, NO_FILE],
	'an empty field': [form([bytes('Content-Disposition: form-data; name="file"; filename=""\r\n\r\n')]), 400, NO_FILE],
	'an empty file': [form([part('')]), 400, 'Only audio files (MP3, WAV) are allowed'],
	'a field without a file name': [form([bytes('Content-Disposition: form-data; name="file"\r\n\r\n', SAMPLE)]), 201],
};

/* File names are labels: whatever they are, the key is ours. */
const FILENAMES = [
	'../../../etc/passwd',
	'/etc/passwd',
	'C:\\\\fakepath\\\\a.wav',
	'a\u202egnp.exe',
	'..',
	'.',
	'%2e%2e%2fa',
	'x'.repeat(4000),
	' ',
	'${HOME}',
	"';--",
];

describe('uploads', () => {
	let stack, user, path, profileId;
	before(async () => {
		stack = await Stack.start({ redis: false, pool: 1 });
		user = await stack.user();
		profileId = (await user.post('/api/voice-profiles', { name: 'Mine', provider: 'elevenlabs' })).body.id;
		path = `/api/voice-profiles/${profileId}/assets`;
	});
	after(() => stack.stop());

	const send = (raw, type = FORM, headers = {}) =>
		user.send('POST', path, { raw, headers: { ...(type && { 'Content-Type': type }), ...headers } });
	const rows = async () => (await user.get(`/api/voice-profiles/${profileId}`)).body.assets.length;

	/* What is stored and what is recorded are the same, and `count` more than before. */
	async function grows(count, work) {
		const before = [(await stack.objects()).length, await rows()];
		await work();
		assert.deepEqual([(await stack.objects()).length, await rows()], before.map((n) => n + count));
	}

	for (const [what, [body, status, sentence, type]] of Object.entries(UPLOADS))
		test(`${status}: ${what}`, () =>
			grows(status === 201 ? 1 : 0, async () => {
				const answer = await send(body, type);
				assert.equal(answer.status, status, answer.text);
				if (sentence instanceof RegExp) assert.match(answer.body.error, sentence);
				else if (sentence) assert.equal(answer.body.error, sentence);
			}));

	test('the name of a file is of no consequence', () =>
		grows(FILENAMES.length, async () => {
			for (const filename of FILENAMES) {
				const answer = await send(form([part(SAMPLE, { filename })]));
				assert.equal(answer.status, 201, `${filename}: ${answer.text}`);
				assert.match(answer.body.fileUrl, new RegExp(`/voice-assets/${user.user.id}/[0-9a-f-]{36}_training\\.wav$`));
			}
		}));

	test('a chunked upload is one like any other', () =>
		grows(1, async () => {
			const answer = await send(form(), FORM, { 'Transfer-Encoding': 'chunked' });
			assert.equal(answer.status, 201, answer.text);
		}));

	test('what is not the length of the body is refused, or waited for in vain', () =>
		grows(0, async () => {
			stack.expectLog(/client (prematurely closed connection|intended to send too large)|client sent invalid/);
			const { host } = new URL(stack.info.url);
			const head = (headers) =>
				`POST ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${user.token}\r\n` +
				`Content-Type: ${FORM}\r\nConnection: close\r\n${headers}\r\n\r\n`;
			const short = form().length - 100;
			assert.match(await stack.client.exchange(bytes(head(`Content-Length: ${short}`), form().subarray(0, short))), /^HTTP\/1.1 400 /);
			assert.match(await stack.client.exchange(bytes(head('Content-Length: -1'), form())), /^HTTP\/1.1 400 /);
			assert.match(await stack.client.exchange(bytes(head('Content-Length: 1x'), form())), /^HTTP\/1.1 400 /);
			assert.match(await stack.client.exchange(bytes(head('Content-Length: 5\r\nContent-Length: 6'), form())), /^HTTP\/1.1 400 /);
			assert.match(await stack.client.exchange(bytes(head('Content-Length: 99999999999'))), /^HTTP\/1.1 413 /);
			assert.match(await stack.client.exchange(bytes(head('Transfer-Encoding: chunked'), 'no chunk\r\n')), /^HTTP\/1.1 400 /);
			assert.match(await stack.client.exchange(bytes(head('Transfer-Encoding: gzip'), form())), /^HTTP\/1.1 501 /);
			await stack.client.exchange(bytes(head(`Content-Length: ${form().length}`), form().subarray(0, 5000)), { hangUp: true });
		}));

	test('nothing of an upload stays behind in nginx', async () => {
		assert.equal((await send(form())).status, 201);
		/* nginx removes the file only after the client has its answer. */
		await until(async () => (await stack.files('data/nginx/body')).length === 0, 'an empty folder');
	});

	describe('while the storage', () => {
		const faults = {
			'answers 500': ['internal', 503, /storage is not available/],
			'answers 503': ['slow-down', 503, /storage is not available/],
			'takes it, and its answer is lost': ['short', 503, /storage is not available/],
			'denies access': ['denied', 500, /server/],
		};
		before(() => stack.expectLog(/(warn|error) .*[Tt]he storage (is not available|refused the request)/));

		for (const [what, [kind, status, sentence]] of Object.entries(faults))
			test(what, () =>
				grows(0, async () => {
					stack.s3.configure({ fault: { kind, times: 3, method: 'PUT' } });
					const answer = await send(form());
					assert.equal(answer.status, status, answer.text);
					assert.match(answer.body.error, sentence);
					assert.equal(answer.headers['retry-after'] !== undefined, status === 503);
					stack.s3.configure({ fault: null });
				}));

		test('fails once, the upload succeeds', () =>
			grows(1, async () => {
				stack.s3.configure({ fault: { kind: 'internal', times: 1, method: 'PUT' } });
				assert.equal((await send(form())).status, 201);
			}));

		test('is well but the database refuses the row, nothing stays', () =>
			grows(0, async () => {
				stack.expectLog(/ERROR:  .*"?no_more"?|DETAIL:  Failing row|STATEMENT:  INSERT INTO voice_training|^\t/);
				await stack.sql('ALTER TABLE voice_training_assets ADD CONSTRAINT no_more CHECK (false) NOT VALID');
				const answer = await send(form());
				await stack.sql('ALTER TABLE voice_training_assets DROP CONSTRAINT no_more');
				assert.equal(answer.status, 400, answer.text);
			}));

		test('cannot delete, the sample goes all the same', async () => {
			stack.expectLog(/warn .*sample .* is left in the storage/);
			const { id } = (await send(form())).body;
			stack.s3.configure({ fault: { kind: 'denied', times: 1, method: 'DELETE' } });
			assert.equal((await user.delete(`${path}/${id}`)).status, 200);
			stack.s3.configure({ fault: null });
		});
	});
});
