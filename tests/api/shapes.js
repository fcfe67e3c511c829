/*
 * The resources on the wire. A shape is a test of a value: a regular expression for text, a function, a constant, an array
 * with the shape of every element, or an object whose members all have to be there. Further members are allowed.
 */
import assert from 'node:assert/strict';

export const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
export const TEXT = /^[^]+$/;
const isNumber = (value) => Number.isFinite(value);

export const orNull = (shape) => (value) => value === null || fits(shape, value);
export const oneOf = (...words) => (value) => words.includes(value);

function fits(shape, value) {
	if (shape instanceof RegExp) return typeof value === 'string' && shape.test(value);
	if (typeof shape === 'function') return shape(value);
	if (Array.isArray(shape)) return Array.isArray(value) && value.every((element) => fits(shape[0], element));
	if (shape === null || typeof shape !== 'object') return shape === value;
	return typeof value === 'object' && value !== null && faultyMembers(shape, value).length === 0;
}

function faultyMembers(shape, value) {
	return Object.keys(shape).filter((name) => !(Object.hasOwn(value, name) && fits(shape[name], value[name])));
}

export function assertShape(shape, value) {
	if (fits(shape, value)) return;
	const isObject = shape?.constructor === Object && value?.constructor === Object;
	const where = isObject ? `, at ${faultyMembers(shape, value).join(', ')}` : '';
	assert.fail(`unexpected${where}: ${JSON.stringify(value)}`);
}

/* A sentence, or, below /v1/, OpenAI's object around it. */
const OPENAI_ERROR = { message: TEXT, type: oneOf('invalid_request_error', 'server_error'), code: (code) => code === null || typeof code === 'string' };
export const ERROR = { error: (error) => fits(TEXT, error) || fits(OPENAI_ERROR, error) };

export const SEGMENT = {
	n: isNumber,
	nodeId: TEXT,
	nodeTitle: TEXT,
	text: TEXT,
	characters: isNumber,
	billedCharacters: isNumber,
	cached: (value) => typeof value === 'boolean',
	durationSec: isNumber,
	startSec: isNumber,
	status: TEXT,
	audioKey: TEXT,
};

const PRICE = { characters: isNumber, cachedCharacters: isNumber, billedCharacters: isNumber, expectedDurationSec: isNumber };
export const ESTIMATE = { ...PRICE, nodes: [{ nodeId: TEXT, nodeTitle: TEXT, provider: orNull(TEXT), ...PRICE }] };

export const BUDGET = { monthlyCharacters: orNull(isNumber) };

const DAY = /^\d{4}-\d\d-\d\d$/;
const SPOKEN = { characters: isNumber, billedCharacters: isNumber, cachedCharacters: isNumber };
export const USAGE = {
	from: DAY,
	to: DAY,
	days: [{ date: DAY, provider: TEXT, profileId: orNull(ID), profileName: orNull(TEXT), ...SPOKEN }],
	totals: SPOKEN,
	budget: { ...BUDGET, usedCharacters: isNumber, resetsAt: TIME },
};

export const PRONUNCIATION = { word: TEXT, replacement: TEXT };

export const ACCESS_TOKEN = { id: ID, name: TEXT, createdAt: TIME, lastUsedAt: orNull(TIME) };

export const USER = { id: ID, email: TEXT, name: orNull(TEXT), role: TEXT, createdAt: TIME };

export const API_KEY = {
	id: ID,
	service: oneOf('elevenlabs', 'azure', 'openai', 'anthropic'),
	label: orNull(TEXT),
	maskedKey: TEXT,
	createdAt: TIME,
	updatedAt: TIME,
};

export const SERVICE = {
	service: oneOf('elevenlabs', 'azure', 'openai', 'anthropic'),
	title: TEXT,
	hasKey: (value) => typeof value === 'boolean',
	serverKey: (value) => typeof value === 'boolean',
};

export const VOICE = {
	id: TEXT,
	name: TEXT,
	language: orNull(TEXT),
	category: orNull(TEXT),
	description: orNull(TEXT),
	previewUrl: orNull(TEXT),
};

export const PROFILE = {
	id: ID,
	userId: ID,
	provider: oneOf('elevenlabs', 'azure', 'openai'),
	providerVoiceId: (value) => typeof value === 'string',
	name: TEXT,
	language: TEXT,
	trainingStatus: oneOf('pending', 'training', 'ready', 'failed'),
	trainingMessage: orNull(TEXT),
	consent: orNull({ attestedBy: TEXT, attestedAt: TIME }),
	createdAt: TIME,
	updatedAt: TIME,
};

const QUALITY = {
	format: oneOf('mp3', 'wav'),
	sampleRate: isNumber,
	channels: isNumber,
	durationSec: isNumber,
	peakDb: orNull(isNumber),
	rmsDb: orNull(isNumber),
	clippedSamples: isNumber,
	leadingSilenceSec: isNumber,
	trailingSilenceSec: isNumber,
	advice: [TEXT],
};

const ASSET_OF_PROFILE = {
	id: ID,
	fileUrl: TEXT,
	durationSec: isNumber,
	kind: oneOf('sample', 'consent'),
	quality: orNull(QUALITY),
	createdAt: TIME,
};

export const ASSET = { ...ASSET_OF_PROFILE, voiceProfileId: ID };
export const PROFILE_WITH_ASSETS = { ...PROFILE, assets: [ASSET_OF_PROFILE] };
export const PROFILE_IN_LIST = { ...PROFILE_WITH_ASSETS, assetCount: isNumber };

const RUN_LOG = {
	id: ID,
	workflowId: ID,
	status: oneOf('running', 'success', 'error'),
	startedAt: TIME,
	completedAt: orNull(TIME),
	steps: [
		{
			nodeId: TEXT,
			nodeTitle: TEXT,
			status: oneOf('idle', 'running', 'success', 'error'),
			startedAt: orNull(TIME),
			completedAt: orNull(TIME),
			output: () => true,
			error: orNull(TEXT),
		},
	],
};

export const WORKFLOW = {
	id: ID,
	name: TEXT,
	description: (value) => value === null || typeof value === 'string',
	status: oneOf('DRAFT', 'ACTIVE', 'ARCHIVED'),
	nodes: Array.isArray,
	edges: Array.isArray,
	lastCompletedRunLog: orNull(RUN_LOG),
	lastRunLog: orNull(RUN_LOG),
	userId: ID,
	createdAt: TIME,
	updatedAt: TIME,
};

export const NODE_TYPE = {
	type: TEXT,
	category: oneOf('trigger', 'ai', 'voice', 'logic', 'utility'),
	title: TEXT,
	description: TEXT,
	inputs: Array.isArray,
	outputs: Array.isArray,
	fields: Array.isArray,
};

export const STEP_LOG = {
	nodeId: TEXT,
	nodeType: TEXT,
	nodeTitle: TEXT,
	status: oneOf('idle', 'running', 'success', 'error'),
};

export const EXECUTION = {
	id: ID,
	workflowId: ID,
	status: oneOf('RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'),
	logs: [STEP_LOG],
	startedAt: TIME,
	completedAt: orNull(TIME),
	error: orNull(TEXT),
};
