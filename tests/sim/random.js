/* xorshift32 (G. Marsaglia, 2003): a function of n whose numbers, from 0 to n - 1, look random and are the same each time. */
export function randomFrom(seed) {
	let x = seed;
	return (n) => {
		x ^= x << 13;
		x ^= x >>> 17;
		x ^= x << 5;
		return (x >>> 0) % n;
	};
}
