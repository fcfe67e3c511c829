/* Orders to the fault points of the build flavour "chaos"; the file's layout is that of jobs/base/fault_point.h. */
import { openSync, readSync, writeSync } from 'node:fs';
import { chmod, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SIZE = 16, ORDER_AT = 4, PID_AT = 8;
const ORDERS = { none: 0, die: 1, hold: 2 };
const OBEYED = [3, 4];

function fnv1a(text) {
	let hash = 2166136261;
	for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 16777619) >>> 0;
	return hash;
}

export class Orders {
	#file;

	static async open() {
		const orders = new Orders();
		orders.folder = await mkdtemp(join(tmpdir(), 'fault-points-'));
		orders.path = join(orders.folder, 'orders');
		await writeFile(orders.path, '');
		await truncate(orders.path, SIZE);
		/* The site's programs run as another user. */
		await chmod(orders.folder, 0o755);
		await chmod(orders.path, 0o666);
		orders.#file = openSync(orders.path, 'r+');
		return orders;
	}

	close() {
		return rm(this.folder, { recursive: true, force: true });
	}

	/* Whoever comes first to the point does so: 'die', or 'hold'. */
	give(order, point) {
		this.takeBack();
		const hash = Buffer.alloc(4);
		hash.writeUInt32LE(fnv1a(point));
		writeSync(this.#file, hash, 0, 4, 0);
		this.#write(ORDERS[order]);
	}

	/* Without an order nobody dies any more, and whoever is held goes on. */
	takeBack() {
		this.#write(ORDERS.none);
	}

	/* The process that has obeyed; null while nobody has. */
	obeyedBy() {
		const bytes = Buffer.alloc(SIZE);
		readSync(this.#file, bytes, 0, SIZE, 0);
		return OBEYED.includes(bytes[ORDER_AT]) ? bytes.readUInt32LE(PID_AT) || null : null;
	}

	#write(order) {
		writeSync(this.#file, Buffer.from([order]), 0, 1, ORDER_AT);
	}
}
