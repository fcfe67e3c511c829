/*
 * Objects by bucket and key, in memory, or also in a folder, from which they are read again at the
 * next start.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class ObjectStore {
	#objects = new Map();
	#dir;

	/**
	 * dir is the folder, or null for memory only. An object there is two files: NAME.json and
	 * NAME.data.
	 */
	constructor(dir = null) {
		this.#dir = dir;
		if (dir === null) return;
		mkdirSync(dir, { recursive: true });
		for (const name of readdirSync(dir).filter((entry) => entry.endsWith('.json'))) {
			const object = JSON.parse(readFileSync(join(dir, name)));
			this.#objects.set(address(object), object);
		}
	}

	/** Stores { bucket, key, headers, etag } with its bytes and returns it. */
	put(described, bytes) {
		const object = {
			...described,
			size: bytes.length,
			modified: new Date().toISOString(),
		};
		if (this.#dir === null) {
			this.#objects.set(address(object), { ...object, bytes });
			return object;
		}
		writeFileSync(this.#file(object, 'data'), bytes);
		writeFileSync(this.#file(object, 'json'), JSON.stringify(object));
		this.#objects.set(address(object), object);
		return object;
	}

	/** The object with its bytes, or undefined. */
	get(bucket, key) {
		const object = this.#objects.get(address({ bucket, key }));
		return (
			object && {
				...object,
				bytes: object.bytes ?? readFileSync(this.#file(object, 'data')),
			}
		);
	}

	delete(bucket, key) {
		const found = this.#objects.delete(address({ bucket, key }));
		if (found && this.#dir !== null)
			for (const kind of ['data', 'json']) rmSync(this.#file({ bucket, key }, kind));
	}

	/**
	 * All objects of a bucket, or of all buckets, without their bytes, in the byte order of their
	 * keys.
	 */
	list(bucket) {
		return [...this.#objects.values()]
			.filter((object) => bucket === undefined || object.bucket === bucket)
			.map(({ bytes, ...object }) => object)
			.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
	}

	clear() {
		for (const { bucket, key } of this.list()) this.delete(bucket, key);
	}

	#file(object, kind) {
		return join(
			this.#dir,
			`${createHash('sha256').update(address(object)).digest('hex')}.${kind}`,
		);
	}
}

function address({ bucket, key }) {
	return `${bucket}/${key}`;
}

/** Multipart uploads that are under way. */
export class Uploads {
	#uploads = new Map();

	create(described) {
		const id = randomBytes(16).toString('hex');
		this.#uploads.set(id, { ...described, parts: new Map() });
		return id;
	}

	get(id, bucket, key) {
		const upload = this.#uploads.get(id);
		return upload?.bucket === bucket && upload?.key === key ? upload : undefined;
	}

	end(id) {
		this.#uploads.delete(id);
	}

	clear() {
		this.#uploads.clear();
	}
}
