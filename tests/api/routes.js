/* The whole API as a table for the tests: what a good request of each route looks like, its answer, and its faults. */
import assert from 'node:assert/strict';
import { AZURE_KEY, ELEVENLABS_KEY } from './stack.js';
import { node, voiceover } from './client.js';
import { wav } from './samples.js';
import * as shapes from './shapes.js';

/* A version 7 UUID of the year 2023, which no row has. */
export const MISSING_ID = '01890000-0000-7000-8000-000000000000';

const text = (length) => 'x'.repeat(length);
const email = () => `${crypto.randomUUID()}@example.org`;
const message = (sentence) => ({ message: (value) => value === sentence });

async function create(user, path, body) {
	const answer = await user.post(path, body);
	assert.equal(answer.status, 201, answer.text);
	return answer.body.id;
}

/* The address of the hook of a new workflow, active, that is called with `method`. */
async function hook(user, method) {
	const workflow = await user.workflow([node('hook', 'webhook-trigger', { method })]);
	await user.put(`/api/workflows/${workflow}`, { status: 'ACTIVE' });
	const { body } = await user.get(`/api/workflows/${workflow}/hooks`);
	return body[0].path.split('/').at(-1);
}

/* How the resources come about that a path names; each may build on the ones before it. */
const MAKERS = {
	key: (user) => create(user, '/api/settings/keys', { service: 'elevenlabs', key: ELEVENLABS_KEY }),
	token: (user) => create(user, '/api/settings/tokens', { name: 'A program' }),
	profile: (user) =>
		create(user, '/api/voice-profiles', { name: 'Mine', provider: 'azure', providerVoiceId: 'en-US-JennyNeural' }),
	async asset(user, { profile }) {
		const answer = await user.upload(`/api/voice-profiles/${profile}/assets`, wav(1.5));
		assert.equal(answer.status, 201, answer.text);
		return answer.body.id;
	},
	ready: async (user, { profile }) => {
		await create(user, '/api/settings/keys', { service: 'azure', key: AZURE_KEY });
		const trained = await user.post(`/api/voice-profiles/${profile}/train`);
		assert.equal(trained.status, 200, trained.text);
		return profile;
	},
	workflow: (user) => user.workflow(voiceover('').slice(0, 2)),
	failing: (user) => user.workflow(voiceover('')),
	execution: async (user, { workflow }) => (await user.run(workflow)).id,
	hook: (user) => hook(user, 'POST'),
	putHook: (user) => hook(user, 'PUT'),
	getHook: (user) => hook(user, 'GET'),
	speaking: async (user) => {
		const profile = await MAKERS.profile(user);
		await MAKERS.asset(user, { profile });
		return user.workflow(voiceover(await MAKERS.ready(user, { profile })));
	},
	spoken: async (user, { speaking }) => (await user.run(speaking)).id,
	failed: async (user, { failing }) => (await user.run(failing)).id,
};

/*
 * Each row: method and path, where `:name` is a resource of MAKERS; then
 *   open      true where nobody has to be signed in
 *   body      the JSON body of a good request, from the ids; such a route reads JSON
 *   needs     resources besides those of the path
 *   send      how to send it, where it is no JSON
 *   status    of the answer (200), and its shape; its content type where that is not JSON
 *   texts     text fields: none may hold NUL
 *   faults    pairs of a body and its faults, "field: message", in order
 */
const ROWS = [
	{
		name: 'POST /api/auth/register',
		open: true,
		body: () => ({ email: email(), password: 'correct horse', name: 'Somebody' }),
		status: 201,
		shape: { user: shapes.USER, token: shapes.TEXT },
		texts: ['email', 'password', 'name'],
		faults: [
			[{}, ['email: Email is required', 'password: Password is required']],
			[{ email: null, password: null, name: null }, ['email: Email is required', 'password: Password is required']],
			[
				{ email: 'nobody', password: text(7), name: text(101) },
				[
					'email: Email must be a valid email address',
					'password: Password must be at least 8 characters',
					'name: Name must be at most 100 characters',
				],
			],
			[
				{ email: 1, password: ['12345678'], name: {} },
				['email: Email must be a string', 'password: Password must be a string', 'name: Name must be a string'],
			],
			[
				{ email: `${text(250)}@a.de`, password: text(129) },
				['email: Email must be at most 254 characters', 'password: Password must be at most 128 characters'],
			],
			[{ email: 'a@b.de', password: '🔑'.repeat(128) }, ['password: Password must be at most 511 bytes']],
		],
	},
	{
		name: 'POST /api/auth/login',
		open: true,
		body: ({ account }) => ({ email: account.email, password: account.password }),
		shape: { user: shapes.USER, token: shapes.TEXT },
		texts: ['email', 'password'],
		faults: [
			[{}, ['email: Email is required', 'password: Password is required']],
			[{ email: 'a@b@c.de', password: '' }, ['email: Email must be a valid email address', 'password: Password is required']],
			[{ email: true, password: 12345678 }, ['email: Email must be a string', 'password: Password must be a string']],
		],
	},
	{ name: 'GET /api/auth/me', shape: { user: shapes.USER } },

	{ name: 'GET /api/settings/keys', needs: ['key'], shape: [shapes.API_KEY] },
	{
		name: 'POST /api/settings/keys',
		body: () => ({ service: 'azure', key: 'an-azure-key-0123456789', label: 'Work', region: 'westeurope' }),
		status: 201,
		shape: shapes.API_KEY,
		texts: ['service', 'key', 'label', 'region'],
		faults: [
			[{}, ['service: Service is required', 'key: Key is required']],
			[
				{ service: 'google', key: `  ${text(9)}  `, label: text(101), region: 'west/europe' },
				[
					'service: Service must be one of: elevenlabs, azure, openai, anthropic',
					'key: Key must be at least 10 characters',
					'label: Label must be at most 100 characters',
					'region: Region must be a name like westeurope',
				],
			],
			[{ service: 'openai', key: 'a key with blanks' }, ['key: Key must not contain blanks or special characters']],
			[{ service: 'Azure', key: 'köy-0123456789' }, [
				'service: Service must be one of: elevenlabs, azure, openai, anthropic',
				'key: Key must not contain blanks or special characters',
			]],
			[{ service: 1, key: 2, label: 3, region: 4 }, [
				'service: Service must be a string',
				'key: Key must be a string',
				'label: Label must be a string',
				'region: Region must be a string',
			]],
		],
	},
	{ name: 'DELETE /api/settings/keys/:key', shape: message('API key deleted') },
	...['elevenlabs', 'azure', 'openai', 'anthropic'].map((service) => ({
		name: `POST /api/settings/keys/${service}/test`,
		body: () => ({}),
		shape: { ok: (value) => typeof value === 'boolean', message: shapes.TEXT },
	})),
	{ name: 'GET /api/settings/pronunciations', shape: [shapes.PRONUNCIATION] },
	{
		name: 'PUT /api/settings/pronunciations',
		send: (user, path) => user.put(path, [{ word: 'GIF', replacement: 'jiff' }]),
		shape: [shapes.PRONUNCIATION],
	},
	{ name: 'GET /api/settings/budget', shape: shapes.BUDGET },
	{
		name: 'PUT /api/settings/budget',
		body: () => ({ monthlyCharacters: 100_000 }),
		shape: { monthlyCharacters: 100_000 },
		faults: [
			[{}, ['monthlyCharacters: monthlyCharacters is required: a number, or null for no budget']],
			...[-1, 1.5, '5', true, 1e13].map((monthlyCharacters) => [
				{ monthlyCharacters },
				['monthlyCharacters: monthlyCharacters must be a whole number from 0 to 1000000000000, or null'],
			]),
		],
	},
	{ name: 'GET /api/usage', shape: shapes.USAGE },
	{ name: 'GET /api/settings/tokens', needs: ['token'], shape: [shapes.ACCESS_TOKEN] },
	{
		name: 'POST /api/settings/tokens',
		body: () => ({ name: 'Home Assistant' }),
		status: 201,
		shape: { ...shapes.ACCESS_TOKEN, token: /^vo_[0-9a-f]{64}$/, lastUsedAt: null },
		texts: ['name'],
		faults: [
			[{}, ['name: Name is required']],
			[{ name: text(101) }, ['name: Name must be at most 100 characters']],
			[{ name: 7 }, ['name: Name must be a string']],
		],
	},
	{ name: 'DELETE /api/settings/tokens/:token', shape: message('Access token deleted') },
	{ name: 'GET /api/settings/services', shape: [shapes.SERVICE] },
	{ name: 'GET /api/voices', needs: ['key'], send: (user, path) => user.get(`${path}?provider=elevenlabs`), shape: [shapes.VOICE] },

	{ name: 'GET /api/voice-profiles', needs: ['profile', 'asset'], shape: [shapes.PROFILE_IN_LIST] },
	{
		name: 'POST /api/voice-profiles',
		body: () => ({ name: 'My voice', provider: 'elevenlabs', language: 'de' }),
		status: 201,
		shape: { ...shapes.PROFILE, providerVoiceId: (value) => value === '', trainingStatus: shapes.oneOf('pending') },
		texts: ['name', 'provider', 'providerVoiceId', 'language'],
		faults: [
			[{}, ['name: Name is required', 'provider: Provider is required']],
			[{ name: ' \t ', provider: 'azure' }, [
				'name: Name is required',
				'providerVoiceId: Provider voice id is required for azure, such as en-US-JennyNeural',
			]],
			[{ name: 'Nova', provider: 'openai' }, ['providerVoiceId: Provider voice id is required for openai, such as nova']],
			[{ name: text(201), provider: 'polly', providerVoiceId: text(501), language: text(21) }, [
				'name: Name must be at most 200 characters',
				'providerVoiceId: Provider voice id must be at most 500 characters',
				'language: Language must be at most 20 characters',
				'provider: Provider must be one of: elevenlabs, azure, openai',
			]],
			[{ name: 1, provider: [], providerVoiceId: {}, language: false }, [
				'name: Name must be a string',
				'providerVoiceId: Provider voice id must be a string',
				'language: Language must be a string',
				'provider: Provider must be a string',
			]],
		],
	},
	{ name: 'GET /api/voice-profiles/:profile', needs: ['asset'], shape: shapes.PROFILE_WITH_ASSETS },
	{
		name: 'PUT /api/voice-profiles/:profile',
		body: () => ({ name: 'Renamed' }),
		shape: { ...shapes.PROFILE, name: shapes.oneOf('Renamed') },
		texts: ['name', 'providerVoiceId', 'language'],
		faults: [
			[{ name: '', providerVoiceId: text(501), language: '' }, [
				'name: Name is required',
				'providerVoiceId: Provider voice id must be at most 500 characters',
				'language: Language is required',
			]],
		],
	},
	{ name: 'DELETE /api/voice-profiles/:profile', shape: message('Voice profile deleted') },
	{
		name: 'POST /api/voice-profiles/:profile/assets',
		send: (user, path) => user.upload(path, wav(1.5)),
		status: 201,
		shape: shapes.ASSET,
	},
	{ name: 'DELETE /api/voice-profiles/:profile/assets/:asset', shape: message('Asset deleted') },
	{
		name: 'POST /api/voice-profiles/:profile/train',
		needs: ['asset'],
		body: () => ({}),
		shape: { id: shapes.ID, trainingStatus: shapes.oneOf('ready'), message: shapes.TEXT },
	},

	{ name: 'GET /api/workflows', needs: ['workflow', 'execution'], shape: [shapes.WORKFLOW] },
	{
		name: 'POST /api/workflows',
		body: () => ({ name: 'Empty', description: 'Nothing in it' }),
		status: 201,
		shape: {
			...shapes.WORKFLOW,
			status: shapes.oneOf('DRAFT'),
			nodes: (nodes) => nodes.length === 0,
			edges: (edges) => edges.length === 0,
			lastRunLog: null,
			lastCompletedRunLog: null,
		},
		texts: ['name', 'description'],
		faults: [
			[{}, ['name: Name is required']],
			[{ name: text(201), description: text(2001) }, [
				'name: Name must be at most 200 characters',
				'description: Description must be at most 2000 characters',
			]],
			[{ name: 1, description: 2 }, ['name: Name must be a string', 'description: Description must be a string']],
		],
	},
	{ name: 'GET /api/workflows/:workflow', needs: ['execution'], shape: shapes.WORKFLOW },
	{
		name: 'PUT /api/workflows/:workflow',
		body: () => ({ name: 'Changed', status: 'ACTIVE', nodes: [node('a', 'manual-trigger')], edges: [] }),
		shape: { ...shapes.WORKFLOW, name: shapes.oneOf('Changed'), status: shapes.oneOf('ACTIVE') },
		texts: ['name', 'description', 'status'],
		faults: [
			[{ name: ' ', description: text(2001), status: 'OPEN', nodes: {}, edges: 'none' }, [
				'name: Name is required',
				'description: Description must be at most 2000 characters',
				'status: Status must be one of: DRAFT, ACTIVE, ARCHIVED',
				'nodes: Nodes must be an array',
				'edges: Edges must be an array',
			]],
			[{ nodes: null, edges: null }, ['nodes: Nodes must be an array', 'edges: Edges must be an array']],
		],
	},
	{ name: 'DELETE /api/workflows/:workflow', shape: message('Workflow deleted') },
	{
		name: 'POST /api/workflows/:workflow/duplicate',
		body: () => ({}),
		status: 201,
		shape: { ...shapes.WORKFLOW, name: shapes.oneOf('Test workflow (Copy)'), status: shapes.oneOf('DRAFT') },
	},
	{
		name: 'POST /api/workflows/:workflow/execute',
		body: () => ({}),
		status: 201,
		shape: { ...shapes.EXECUTION, status: shapes.oneOf('RUNNING'), completedAt: null, error: null },
	},
	{
		name: 'POST /api/workflows/:failing/rerun',
		needs: ['failed'],
		body: ({ failed }) => ({ executionId: failed }),
		status: 201,
		shape: { ...shapes.EXECUTION, status: shapes.oneOf('RUNNING') },
		texts: ['executionId'],
		faults: [
			[{}, ['executionId: executionId is required']],
			[{ executionId: 7 }, ['executionId: executionId must be a string']],
		],
	},
	{
		name: 'POST /api/workflows/:workflow/execute-node',
		needs: ['execution'],
		body: ({ execution }) => ({ nodeId: 'script', priorExecutionId: execution }),
		shape: { stepLog: { ...shapes.STEP_LOG, status: shapes.oneOf('success') } },
		texts: ['nodeId', 'priorExecutionId'],
		faults: [
			[{}, ['nodeId: nodeId is required']],
			[{ nodeId: 1, priorExecutionId: [] }, ['nodeId: nodeId must be a string', 'priorExecutionId: priorExecutionId must be a string']],
		],
	},
	{ name: 'GET /api/workflows/:workflow/executions', needs: ['execution'], shape: [shapes.EXECUTION] },
	{
		name: 'GET /api/workflows/:workflow/executions/:execution',
		shape: { ...shapes.EXECUTION, status: shapes.oneOf('COMPLETED'), completedAt: shapes.TIME },
	},
	{
		name: 'POST /api/workflows/:workflow/executions/:execution/cancel',
		body: () => ({}),
		shape: { ...shapes.EXECUTION, status: shapes.oneOf('COMPLETED') },
	},

	{ name: 'GET /api/workflows/:workflow/executions/:execution/segments', shape: [shapes.SEGMENT] },
	{
		name: 'POST /api/workflows/:speaking/executions/:spoken/segments/#/regenerate',
		body: () => ({}),
		status: 201,
		shape: { ...shapes.EXECUTION, status: shapes.oneOf('RUNNING') },
	},
	{ name: 'POST /api/workflows/:workflow/estimate', body: () => ({}), shape: shapes.ESTIMATE },

	{ name: 'GET /api/workflows/:workflow/hooks', shape: [{ nodeId: shapes.TEXT, path: shapes.TEXT, method: shapes.TEXT }] },
	{ name: 'POST /api/hooks/:hook', open: true, send: (user, path) => user.send('POST', path), status: 202, shape: { executionId: shapes.ID } },
	{
		name: 'PUT /api/hooks/:hook',
		open: true,
		needs: ['putHook'],
		send: (user, path, { putHook }) => user.send('PUT', `/api/hooks/${putHook}`),
		status: 202,
		shape: { executionId: shapes.ID },
	},
	{
		name: 'GET /api/hooks/:hook',
		open: true,
		needs: ['getHook'],
		send: (user, path, { getHook }) => user.get(`/api/hooks/${getHook}`),
		status: 202,
		shape: { executionId: shapes.ID },
	},

	{
		name: 'POST /v1/audio/speech',
		needs: ['profile', 'asset', 'ready'],
		body: ({ ready }) => ({ model: 'tts-1', input: 'Good morning.', voice: ready }),
		type: /^audio\/mpeg$/,
		shape: null,
	},
	{
		name: 'GET /v1/audio/voices',
		needs: ['profile', 'asset', 'ready'],
		shape: { voices: [{ id: shapes.ID, name: shapes.TEXT, language: shapes.TEXT }] },
	},
	{ name: 'GET /v1/models', shape: { object: shapes.oneOf('list'), data: [{ id: shapes.TEXT, object: shapes.oneOf('model') }] } },

	{ name: 'GET /api/node-types', shape: [shapes.NODE_TYPE] },
	{
		name: 'GET /api/storage/play',
		send: (user, path) => user.get(`${path}?key=voice-output/${user.user.id}/a.mp3`),
		shape: { url: /^http:\/\// },
	},
	{ name: 'GET /api/health', open: true, shape: { status: shapes.oneOf('ok'), timestamp: shapes.TIME, uptime: Number.isFinite } },
	{ name: 'GET /api/health/ready', open: true, shape: { status: shapes.oneOf('ok') } },
];

export const ROUTES = ROWS.map((row) => {
	const [method, path] = row.name.split(' ');
	const places = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
	return { method, path, places, status: 200, faults: [], ...row, needs: [...places, ...(row.needs ?? [])] };
});

/* The path with these ids, and a number, in its places. */
export function fill(path, ids) {
	return path.replace(/:(\w+)/g, (_, name) => ids[name]).replace('#', '1');
}

/* Makes what a good request of the route needs; resolves to the ids. */
export async function prepare(route, user) {
	const ids = { account: user };
	for (const name of route.needs) ids[name] = await MAKERS[name](user, ids);
	return ids;
}

/* Sends a good request of the route, to resources with these ids. */
export function sendGood(route, user, ids) {
	const path = fill(route.path, ids);
	if (route.send) return route.send(user, path, ids);
	return user.send(route.method, path, { body: route.body?.(ids) });
}
