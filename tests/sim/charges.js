/* What the simulated provider would have put on the bill. */

export class Charges {
	constructor() {
		this.items = [];
	}

	/**
	 * Books one generation: { key, voice, model, characters, credits, text }, and notes it in the
	 * request's entry.
	 */
	add(entry, item) {
		entry.characters = item.characters;
		this.items.push({ at: entry.at, ...item });
	}

	credits(key) {
		return sum(this.items.filter((item) => item.key === key).map((item) => item.credits));
	}

	view() {
		const keys = [...new Set(this.items.map((item) => item.key))];
		return {
			requests: this.items.length,
			characters: sum(this.items.map((item) => item.characters)),
			credits: sum(this.items.map((item) => item.credits)),
			creditsByKey: Object.fromEntries(keys.map((key) => [key, this.credits(key)])),
			items: this.items,
		};
	}

	reset() {
		this.items.length = 0;
	}
}

function sum(numbers) {
	return numbers.reduce((total, number) => total + number, 0);
}
