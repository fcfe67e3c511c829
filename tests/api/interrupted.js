/*
 * Calls `end` when the program is interrupted, or when nobody reads any more what it says, as after `| head`: what it has
 * started would outlive it otherwise.
 */
export function onInterruption(end) {
	let is_over = false;
	const once = () => {
		if (is_over) return;
		is_over = true;
		end();
	};
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, once);
	for (const stream of [process.stdout, process.stderr]) stream.on('error', once);
}
