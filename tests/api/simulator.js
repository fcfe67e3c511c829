/* A provider's simulator of a stack, over its control interface. */
export class Simulator {
	constructor(url) {
		this.url = url;
	}

	/* GET /_sim/PATH, or POST with `body`. */
	async control(path, body) {
		const init = body && { method: 'POST', body: JSON.stringify(body) };
		const answer = await fetch(`${this.url}/_sim/${path}`, init);
		if (!answer.ok) throw new Error(`/_sim/${path}: ${await answer.text()}`);
		return answer.json();
	}

	/* What was sent with `key`; with none given, everything. */
	async requests(key) {
		const all = await this.control('requests');
		return key === undefined ? all : all.filter((request) => request.key === key);
	}

	/* What was put on the bill of `key`. */
	async charges(key) {
		const { items } = await this.control('charges');
		return items.filter((item) => item.key === key);
	}

	/* Makes `keys` known, beside those that are; `settings` are those of their account. */
	async addKeys(keys, settings = {}) {
		const config = await this.control('config');
		const added = Object.fromEntries(keys.map((key) => [key, settings]));
		return this.control('config', { keys: { ...config.keys, ...added } });
	}
}
