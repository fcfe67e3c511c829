/*
 * Azure's personal voices under /customvoice: projects, consents and personalvoices, whose status
 * moves one step a poll.
 */
import { createHash, randomUUID } from 'node:crypto';
import { BASE_MODELS } from './azure_voices.js';
import { parseMultipart } from './multipart.js';
import { json, Refusal } from './server.js';
import { isAudio } from './sniff.js';

const API_VERSIONS = ['2026-01-01', '2024-02-01-preview'];
const STEPS = ['NotStarted', 'Running'];
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{1,62}[A-Za-z0-9]$/;

/*
 * What each kind of resource needs to be made. `final` names the setting that holds its last
 * status.
 */
const KINDS = {
	projects: { required: ['kind'], check: checkProject },
	consents: {
		required: ['projectId', 'voiceTalentName', 'companyName', 'locale'],
		check: checkConsent,
		final: 'consentResult',
		audioUrl: 'audioUrl',
	},
	personalvoices: {
		required: ['projectId', 'consentId'],
		check: checkPersonalVoice,
		final: 'personalVoiceResult',
		audioUrl: 'audios',
		makes: () => ({ speakerProfileId: randomUUID() }),
	},
};

export class CustomVoices {
	#config;
	#resources = new Map();
	#operations = new Map();

	constructor(config) {
		this.#config = config;
	}

	/** Rows for the router; each serve takes { request, params, key }. */
	rows() {
		const one = '/customvoice/{kind}/{id}';
		return [
			['GET', '/customvoice/basemodels', (call) => this.#open(call) ?? listBaseModels()],
			[
				'GET',
				'/customvoice/operations/{id}',
				(call) => this.#open(call) ?? this.#operation(call),
			],
			['GET', '/customvoice/{kind}', (call) => this.#open(call) ?? this.#list(call)],
			['PUT', one, (call) => this.#open(call) ?? this.#create(call, readJson(call.request))],
			['POST', one, (call) => this.#open(call) ?? this.#create(call, readForm(call.request))],
			['GET', one, (call) => this.#open(call) ?? this.#poll(call)],
			['DELETE', one, (call) => this.#open(call) ?? this.#remove(call)],
		];
	}

	reset() {
		this.#resources.clear();
		this.#operations.clear();
	}

	hasProfile(id) {
		return [...this.#resources.values()].some(
			(resource) => resource.speakerProfileId === id && resource.status === 'Succeeded',
		);
	}

	#open({ request, params, key }) {
		if (key.tier === 'F0' || key.customVoice === false)
			throw refuse(403, 'Forbidden', "You don't have permission to access this resource.");
		if (!API_VERSIONS.includes(request.query.get('api-version')))
			throw refuse(
				400,
				'InvalidApiVersion',
				'The api-version query parameter is missing or not supported.',
			);
		if (params.kind !== undefined && !Object.hasOwn(KINDS, params.kind))
			throw refuse(404, 'NotFound', 'Resource not found.');
		return null;
	}

	#create({ request, params: { kind, id } }, fields) {
		const { required, check, makes, final } = KINDS[kind];
		if (!ID.test(id))
			throw refuse(
				400,
				'InvalidId',
				'An id has 3 to 64 letters, digits, dots, underscores and dashes.',
			);
		const operation = request.headers['operation-id'] ?? randomUUID();
		const hash = createHash('sha256').update(request.body).digest('hex');
		const repeated = this.#operations.get(operation);
		if (repeated && (repeated.hash !== hash || repeated.path !== request.path))
			throw refuse(400, 'InvalidOperation', 'The Operation-Id was used for another request.');
		if (!repeated) {
			const missing = required.find((name) => !fields[name]);
			if (missing) throw refuse(400, 'InvalidRequest', `${missing} is required.`);
			check(fields, this.#resources);
			const { audio, ...plain } = fields;
			this.#resources.set(`${kind}/${id}`, {
				id,
				...plain,
				...makes?.(),
				...(final && { status: STEPS[0] }),
				createdDateTime: new Date().toISOString(),
			});
			this.#operations.set(operation, {
				hash,
				path: request.path,
				resource: `${kind}/${id}`,
			});
		}
		const location = `http://${request.headers.host}/customvoice/operations/${operation}`;
		return json(201, this.#resources.get(`${kind}/${id}`), {
			'operation-id': operation,
			'operation-location': `${location}?api-version=${request.query.get('api-version')}`,
		});
	}

	#find(name) {
		const resource = this.#resources.get(name);
		if (!resource) throw refuse(404, 'NotFound', 'Resource not found.');
		return resource;
	}

	#poll({ params: { kind, id } }) {
		const resource = this.#find(`${kind}/${id}`);
		const step = STEPS.indexOf(resource.status);
		if (step >= 0) resource.status = STEPS[step + 1] ?? this.#config[KINDS[kind].final];
		return json(200, resource);
	}

	#operation({ params: { id } }) {
		const operation = this.#operations.get(id);
		if (!operation) throw refuse(404, 'NotFound', 'Resource not found.');
		const { status = 'Succeeded' } = this.#find(operation.resource);
		return json(200, { id, status });
	}

	#list({ request, params: { kind } }) {
		const [, project] = /^projectId eq '(.*)'$/.exec(request.query.get('filter') ?? '') ?? [];
		const value = [...this.#resources]
			.filter(([name]) => name.startsWith(`${kind}/`))
			.map(([, resource]) => resource)
			.filter((resource) => project === undefined || resource.projectId === project);
		return json(200, { value });
	}

	#remove({ request, params: { kind, id } }) {
		const inside = [...this.#resources].filter(
			([, resource]) => kind === 'projects' && resource.projectId === id,
		);
		if (inside.length > 0 && request.query.get('forceDelete') !== 'true')
			throw refuse(400, 'ProjectNotEmpty', 'The project is not empty.');
		for (const [name] of inside) this.#resources.delete(name);
		this.#resources.delete(`${kind}/${id}`);
		return { status: 204 };
	}
}

function refuse(status, code, message) {
	return new Refusal(status, { code, message, asJson: true });
}

function listBaseModels() {
	return json(200, {
		value: BASE_MODELS.map((name) => ({ name, capabilities: ['PersonalVoice'] })),
	});
}

function readJson({ body }) {
	try {
		return JSON.parse(body);
	} catch {
		throw refuse(400, 'InvalidRequest', 'The body is not JSON.');
	}
}

function readForm({ headers, body }) {
	const parts = parseMultipart(headers['content-type'], body);
	if (!parts) throw refuse(400, 'InvalidRequest', 'The body is not multipart/form-data.');
	const isRecording = (part) => part.name.toLowerCase() === 'audiodata';
	const fields = parts
		.filter((part) => !isRecording(part))
		.map((part) => [part.name, part.data.toString('utf8')]);
	return {
		...Object.fromEntries(fields),
		audio: parts.filter(isRecording).map((part) => part.data),
	};
}

function checkProject({ kind }) {
	if (kind !== 'PersonalVoice')
		throw refuse(
			400,
			'InvalidRequest',
			'The simulator knows projects of kind PersonalVoice only.',
		);
}

function checkConsent(fields, resources) {
	if (!resources.has(`projects/${fields.projectId}`))
		throw refuse(400, 'InvalidRequest', 'The project does not exist.');
	checkAudio(fields, KINDS.consents.audioUrl);
}

function checkPersonalVoice(fields, resources) {
	const consent = resources.get(`consents/${fields.consentId}`);
	if (consent?.projectId !== fields.projectId || consent?.status !== 'Succeeded')
		throw refuse(
			400,
			'InvalidRequest',
			'The consent does not exist in the project, or has not succeeded.',
		);
	checkAudio(fields, KINDS.personalvoices.audioUrl);
}

function checkAudio(fields, url) {
	const uploaded = fields.audio ?? [];
	if (!fields[url] && uploaded.length === 0)
		throw refuse(400, 'InvalidRequest', `audiodata or ${url} is required.`);
	if (!uploaded.every(isAudio))
		throw refuse(400, 'InvalidRequest', 'audiodata is not readable audio.');
}
