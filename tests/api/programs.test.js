/* The three programs' settings, and how the schema comes into the database. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT, Stack } from './stack.js';

const run = promisify(execFile);

const EX_CONFIG = 78;
const REQUIRED = ['DATABASE_URL', 'JWT_SECRET', 'ENCRYPTION_SECRET'];
const STRONG = 'a secret of no less than 32 characters';
const WEAK = 'only 31 characters, one missing';

describe('the programs', () => {
	let stack;
	before(async () => {
		stack = await Stack.start({ redis: false, pool: 1 });
	});
	after(() => stack.stop());

	const check = (program, env) => stack.program(program, ['--check-config'], env);

	describe('settings', () => {
		for (const program of ['voiceover-fcgi', 'voiceover-jobs']) {
			test(`${program} takes the right ones`, async () => {
				assert.deepEqual(await check(program, {}), { code: 0, stdout: '', stderr: '' });
			});

			test(`${program} names every one that is missing`, async () => {
				const none = Object.fromEntries(REQUIRED.map((name) => [name, undefined]));
				for (const env of [none, { ...none, ...Object.fromEntries(REQUIRED.map((name) => [name, ''])) }])
					for (const args of [[], ['--check-config']]) {
						const { code, stderr } = await stack.program(program, args, env);
						assert.equal(code, EX_CONFIG, stderr);
						for (const name of REQUIRED) assert.match(stderr, new RegExp(`${name} is not set`));
					}
			});

			const faults = {
				'JWT_SECRET is too short': { JWT_SECRET: WEAK },
				'ENCRYPTION_SECRET is too short': { ENCRYPTION_SECRET: WEAK },
				'LOG_LEVEL must be': { LOG_LEVEL: 'loud' },
				'S3_FORCE_PATH_STYLE must be true or false': { S3_FORCE_PATH_STYLE: 'perhaps' },
				'ENGINE_THREADS must be a whole number': { ENGINE_THREADS: '4 or so' },
				'PROVIDER_RETRY_MS must be a whole number': { PROVIDER_RETRY_MS: '-1' },
				'JWT_SECRET_FILE: cannot read /nowhere/at/all': { JWT_SECRET: '', JWT_SECRET_FILE: '/nowhere/at/all' },
			};
			for (const [sentence, env] of Object.entries(faults))
				test(`${program}: ${sentence}`, async () => {
					const { code, stderr } = await check(program, env);
					assert.equal(code, EX_CONFIG, stderr);
					assert.ok(stderr.includes(sentence), stderr);
					assert.ok(!stderr.includes(WEAK), 'the secret does not show');
				});

			test(`${program} reads secrets from files`, async () => {
				const file = join(stack.dir, 'secret');
				const env = {};
				for (const name of REQUIRED) Object.assign(env, { [name]: undefined, [`${name}_FILE`]: file });
				await writeFile(file, `${STRONG}\r\n`);
				assert.equal((await check(program, env)).code, 0);
				await writeFile(file, `${WEAK}\n\n\n`);
				const { code, stderr } = await check(program, env);
				assert.equal(code, EX_CONFIG);
				for (const name of ['JWT_SECRET', 'ENCRYPTION_SECRET']) assert.match(stderr, new RegExp(`${name} is too short`));
			});

			test(`${program} says how it is used`, async () => {
				const help = await stack.program(program, ['--help']);
				assert.equal(help.code, 0);
				assert.match(help.stdout, new RegExp(`^usage: ${program}`));
				assert.equal((await stack.program(program, ['--nonsense'])).code, 64);
			});
		}

		test('voiceoverctl config lists every setting, and no secret', async () => {
			const { stdout, code } = await stack.program('voiceoverctl', ['config']);
			assert.equal(code, 0);
			for (const name of REQUIRED) {
				assert.match(stdout, new RegExp(`\`${name}\``));
				assert.ok(!stdout.includes(stack.programs[name]));
			}
		});

		test('voiceoverctl config says what is missing', async () => {
			const { code, stderr } = await stack.program('voiceoverctl', ['config'], { JWT_SECRET: '' });
			assert.equal(code, EX_CONFIG);
			assert.match(stderr, /JWT_SECRET is not set/);
		});

		test('voiceoverctl migrate needs the database alone', async () => {
			const nothing = { JWT_SECRET: '', ENCRYPTION_SECRET: '' };
			assert.equal((await stack.program('voiceoverctl', ['migrate', '--status'], nothing)).code, 0);
			const { code, stderr } = await stack.program('voiceoverctl', ['migrate'], { ...nothing, DATABASE_URL: '' });
			assert.equal(code, EX_CONFIG);
			assert.match(stderr, /DATABASE_URL is not set/);
			assert.doesNotMatch(stderr, /SECRET/);
		});

		test('voiceoverctl without a command, or with an unknown one', async () => {
			for (const args of [[], ['conquer'], ['migrate', '--sideways']]) {
				const { code, stderr } = await stack.program('voiceoverctl', args);
				assert.equal(code, 64);
				assert.match(stderr, /usage/);
			}
		});
	});

	describe('the duties of voiceover-jobs', () => {
		const duty = (name, env) => stack.program('voiceover-jobs', [name], env);

		test('are listed by --help, and each can be done alone', async () => {
			const { stdout } = await stack.program('voiceover-jobs', ['--help']);
			const listed = [...stdout.matchAll(/^  (\w+) .* \(every \d+ s\)$/gm)].map(([, name]) => name);
			assert.ok(listed.includes('sweep') && listed.includes('reconcile'), stdout);
			for (const name of listed) {
				const { code, stdout: said, stderr } = await duty(name);
				if (/needs a queue/.test(stderr)) assert.equal(code, EX_CONFIG);
				else assert.match(said, new RegExp(`^voiceover-jobs ${name}: 0 `), stderr);
			}
			assert.equal((await duty('conquer')).code, 64);
			assert.equal((await stack.program('voiceover-jobs', ['sweep', 'twice'])).code, 64);
			assert.equal((await stack.program('voiceover-jobs', ['--drain', '--for', '1'])).code, 64);
			for (const seconds of ['0', '-1', '1.5', 'x', '']) assert.equal((await stack.program('voiceover-jobs', ['--for', seconds])).code, 64);
		});

		test('sweep deletes old uploads', async () => {
			const spool = join(stack.dir, 'spool');
			await mkdir(join(spool, '1/02'), { recursive: true });
			for (const name of ['0000000001', '0000000002']) await writeFile(join(spool, '1/02', name), 'x');
			await utimes(join(spool, '1/02/0000000001'), 1, 1);
			const { code, stdout } = await duty('sweep', { UPLOAD_SPOOL: spool });
			assert.equal(code, 0);
			assert.equal(stdout, 'voiceover-jobs sweep: 1 files deleted\n');
			assert.deepEqual(await readdir(join(spool, '1/02')), ['0000000002']);
		});

		test('retention deletes old executions, but not the last of a workflow', async () => {
			await stack.sql(`
				INSERT INTO users (id, email, password_hash) VALUES ('00000000-0000-7000-8000-000000000001', 'r@x', '');
				INSERT INTO workflows (id, user_id, name) SELECT id, id, 'w' FROM users WHERE email = 'r@x';
				INSERT INTO executions (id, workflow_id, user_id, status, nodes, edges, started_at, completed_at)
				SELECT ('00000000-0000-7000-8000-0000000001' || lpad(n::text, 2, '0'))::uuid, u.id, u.id,
					CASE n WHEN 9 THEN 'RUNNING' ELSE 'COMPLETED' END, '[]', '[]', now() - n * interval '1 day',
					CASE n WHEN 9 THEN NULL ELSE now() - n * interval '1 day' END
				FROM users u, generate_series(1, 12) n WHERE u.email = 'r@x'`);
			const left = () => stack.sql('SELECT count(*) FROM executions');
			assert.equal((await duty('retention')).stdout, 'voiceover-jobs retention: 0 executions deleted\n');
			assert.equal(await left(), '12');
			assert.equal((await duty('retention', { RETENTION_DAYS: '7' })).stdout, 'voiceover-jobs retention: 5 executions deleted\n');
			await stack.sql("UPDATE executions SET started_at = started_at - interval '1 year', completed_at = completed_at - interval '1 year'");
			await duty('retention', { RETENTION_DAYS: '7' });
			assert.equal(await left(), '2', 'the last one, and the one that runs');
			await stack.sql("DELETE FROM users WHERE email = 'r@x'");
		});

		test('a database that is away is worth another try', async () => {
			const { code, stderr } = await duty('retention', { DATABASE_URL: 'postgresql:///voiceover?host=/nowhere' });
			assert.equal(code, 75, stderr);
		});
	});

	test('make install puts units and crontab where they find the programs', async () => {
		const root = join(stack.dir, 'root');
		const args = ['-s', '-C', ROOT, 'BUILD=asan', 'install', `DESTDIR=${root}`, 'prefix=/usr', 'sysconfdir=/etc', 'NGINX=SERVER_NAME=v.example'];
		await run('make', args);
		const units = join(root, 'usr/lib/systemd/system');
		assert.deepEqual((await readdir(units)).sort(),
			['voiceover-jobs-drain.service', 'voiceover-jobs-drain.timer', 'voiceover-jobs.service']);
		const files = [...(await readdir(units)).map((name) => join(units, name)), join(root, 'usr/share/voiceover/crontab/voiceover')];
		for (const file of files) {
			const text = await readFile(file, 'utf8');
			assert.doesNotMatch(text, /@\w+@/);
			for (const [, program] of text.matchAll(/(?:ExecStart=|exec )(\S+)/g)) await access(join(root, program));
		}
	});

	describe('migrations', () => {
		const migrate = (args = [], env = {}) => stack.program('voiceoverctl', ['migrate', ...args], env);

		test('an applied schema stays as it is', async () => {
			const { code, stdout } = await migrate();
			assert.equal(code, 0);
			assert.equal(stdout, 'the schema is up to date (0 applied)\n');
			const status = await migrate(['--status']);
			assert.equal(status.code, 0);
			assert.match(status.stdout, /^applied +0001_schema/);
			assert.doesNotMatch(status.stdout, /missing/);
		});

		test('an empty database gets it once, also from two at a time', async () => {
			await stack.sql('CREATE DATABASE empty');
			const env = { DATABASE_URL: stack.info.databaseUrl.replace('/voiceover?', '/empty?') };
			const before = await migrate(['--status'], env);
			assert.equal(before.code, 1);
			assert.match(before.stdout, /^missing +0001_schema/);
			const runs = await Promise.all([migrate([], env), migrate([], env)]);
			assert.deepEqual(runs.map(({ code }) => code), [0, 0]);
			assert.equal(runs.filter(({ stdout }) => /^applying 0001_schema/.test(stdout)).length, 1);
			assert.equal((await migrate(['--status'], env)).code, 0);
		});

		async function assertRefused(sentence) {
			for (const args of [[], ['--status']]) {
				const { code, stderr } = await migrate(args);
				assert.notEqual(code, 0);
				assert.match(stderr, sentence);
			}
		}

		test('a changed migration is refused', async () => {
			await stack.sql("UPDATE schema_migrations SET checksum = 'x' || checksum WHERE version LIKE '0001%'");
			await assertRefused(/0001_schema.*was changed after it had been applied/);
			await stack.sql("UPDATE schema_migrations SET checksum = substr(checksum, 2) WHERE version LIKE '0001%'");
			assert.equal((await migrate()).code, 0);
		});

		test('an unknown migration is refused', async () => {
			await stack.sql("INSERT INTO schema_migrations (version, checksum) VALUES ('9999_future', 'x')");
			await assertRefused(/9999_future, which this program does not know/);
			await stack.sql("DELETE FROM schema_migrations WHERE version = '9999_future'");
			assert.equal((await migrate()).code, 0);
		});

		test('a database that is away is worth another try', async () => {
			const { code, stderr } = await migrate([], { DATABASE_URL: 'postgresql:///voiceover?host=/nowhere' });
			assert.equal(code, 75);
			assert.match(stderr, /database is not available/);
		});
	});
});
