/*
 * The API. Every call goes through `request`: it sends the token, turns refusals into ApiError with a sentence for the user
 * and the faults by field, waits out a short Retry-After, tries again what may be tried again, and lets the user sign in
 * again where the session has ended. Creating calls carry an Idempotency-Key, so that trying again does not make two.
 */
import { renew, token } from './session';

export class ApiError extends Error {
	constructor(
		message: string,
		/* 0: no answer at all, the network or the server is away. */
		readonly status: number,
		/* Messages by field name, from `details`; "config.text" for nested ones. */
		readonly fields: Record<string, string> = {},
		readonly retryAfterS = 0,
		readonly requestId: string | null = null,
	) {
		super(message);
	}
	get isOffline(): boolean {
		return this.status === 0;
	}
}

export interface Options {
	body?: unknown;
	headers?: Record<string, string>;
	signal?: AbortSignal;
	/* Sent although the page is being left. */
	keepalive?: boolean;
	/* Tries after the first one, where the answer did not come or was "busy". */
	retries?: number;
}

export interface Answer<T> {
	data: T;
	etag: string | null;
	status: number;
}

const LONGEST_WAIT_S = 5;
const BUSY = new Set([429, 502, 503]);
const OFFLINE = 'The server cannot be reached. Check your connection; nothing was lost.';

interface ErrorBody {
	error?: string;
	details?: { path: (string | number)[]; message: string }[];
}

function fieldsOf(body: ErrorBody): Record<string, string> {
	const fields: Record<string, string> = {};
	for (const { path, message } of body.details ?? []) fields[path.join('.')] ??= message;
	return fields;
}

async function errorOf(response: Response): Promise<ApiError> {
	const body = (await response.json().catch(() => ({}))) as ErrorBody;
	const seconds = Number(response.headers.get('Retry-After'));
	return new ApiError(
		body.error ?? `The server answered ${response.status}.`,
		response.status,
		fieldsOf(body),
		Number.isFinite(seconds) ? seconds : 0,
		response.headers.get('X-Request-Id'),
	);
}

function headersOf(options: Options, bearer: string | null): Record<string, string> {
	const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
	if (bearer) headers.Authorization = `Bearer ${bearer}`;
	if (options.body !== undefined && !(options.body instanceof FormData)) headers['Content-Type'] = 'application/json';
	return headers;
}

function payload(body: unknown): BodyInit | null {
	if (body === undefined) return null;
	return body instanceof FormData ? body : JSON.stringify(body);
}

async function attempt(method: string, path: string, options: Options): Promise<Response> {
	const bearer = token();
	const init: RequestInit = { method, headers: headersOf(options, bearer), body: payload(options.body), cache: 'no-store' };
	if (options.signal) init.signal = options.signal;
	if (options.keepalive) init.keepalive = true;
	let response: Response;
	try {
		response = await fetch(path, init);
	} catch (cause) {
		if (options.signal?.aborted) throw cause;
		throw new ApiError(OFFLINE, 0);
	}
	if (response.ok) return response;
	const error = await errorOf(response);
	if (error.status === 401 && bearer && (await renew(bearer))) return attempt(method, path, options);
	throw error;
}

export function wait(seconds: number, signal?: AbortSignal): Promise<void> {
	return new Promise((done, fail) => {
		const timer = setTimeout(done, seconds * 1000);
		signal?.addEventListener('abort', () => (clearTimeout(timer), fail(signal.reason)), { once: true });
	});
}

/* The response of a call, tried again where that is safe and can help. */
export async function respond(method: string, path: string, options: Options = {}): Promise<Response> {
	const safe = method === 'GET' || method === 'PUT' || method === 'DELETE' || !!options.headers?.['Idempotency-Key'];
	const retries = options.retries ?? (safe ? 2 : 0);
	for (let tried = 0; ; tried++) {
		try {
			return await attempt(method, path, options);
		} catch (error) {
			const again = error instanceof ApiError && (error.isOffline || BUSY.has(error.status));
			const pause = again ? error.retryAfterS || 0.4 * 2 ** tried : 0;
			if (!again || tried >= retries || pause > LONGEST_WAIT_S) throw error;
			await wait(pause, options.signal);
		}
	}
}

export async function request<T>(method: string, path: string, options: Options = {}): Promise<Answer<T>> {
	const response = await respond(method, path, options);
	const data = (response.status === 204 ? null : await response.json()) as T;
	/* nginx makes a tag weak when it compresses; it is the same version. */
	const etag = response.headers.get('ETag')?.replace(/^W\//, '') ?? null;
	return { data, etag, status: response.status };
}

export async function get<T>(path: string, options?: Options): Promise<T> {
	return (await request<T>('GET', path, options)).data;
}

export async function put<T>(path: string, body: unknown, options?: Options): Promise<T> {
	return (await request<T>('PUT', path, { ...options, body })).data;
}

export async function del<T>(path: string, options?: Options): Promise<T> {
	return (await request<T>('DELETE', path, options)).data;
}

/* A call that makes something: it happens once, however often it has to be sent. */
export async function post<T>(path: string, body: unknown = {}, options: Options = {}): Promise<T> {
	const headers = { 'Idempotency-Key': crypto.randomUUID(), ...options.headers };
	return (await request<T>('POST', path, { ...options, body, headers })).data;
}

/* A call that is not repeated: sign-in, and what an Idempotency-Key does not cover. */
export async function postOnce<T>(path: string, body: unknown = {}, options: Options = {}): Promise<T> {
	return (await request<T>('POST', path, { ...options, body, retries: 0 })).data;
}

/* Uploads a form with progress (0 to 1), which fetch cannot tell. */
export function upload<T>(path: string, form: FormData, onProgress: (part: number) => void, signal?: AbortSignal): Promise<T> {
	const bearer = token();
	return new Promise((done, fail) => {
		const xhr = new XMLHttpRequest();
		xhr.open('POST', path);
		xhr.responseType = 'text';
		if (bearer) xhr.setRequestHeader('Authorization', `Bearer ${bearer}`);
		xhr.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
		xhr.onerror = () => fail(new ApiError(OFFLINE, 0));
		xhr.onabort = () => fail(signal?.reason ?? new DOMException('Aborted', 'AbortError'));
		xhr.onload = async () => {
			if (xhr.status >= 200 && xhr.status < 300) return done(JSON.parse(xhr.responseText) as T);
			const headers = new Headers();
			for (const name of ['Retry-After', 'X-Request-Id']) {
				const value = xhr.getResponseHeader(name);
				if (value) headers.set(name, value);
			}
			const error = await errorOf(new Response(xhr.responseText, { status: xhr.status, headers }));
			if (error.status === 401 && bearer && (await renew(bearer))) upload<T>(path, form, onProgress, signal).then(done, fail);
			else fail(error);
		};
		signal?.addEventListener('abort', () => xhr.abort(), { once: true });
		xhr.send(form);
	});
}

/* What to tell the user about anything that was thrown. */
export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
