/* What the kernel knows of processes: CPU time and memory. See proc(5). */
import { readFileSync, writeFileSync } from 'node:fs';

function read(pid, file) {
	return readFileSync(`/proc/${pid}/${file}`, 'utf8');
}

/* A value in kB of smaps_rollup or status. */
function field(text, name) {
	return Number(text.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))[1]);
}

/* The children of a supervisor, oldest first. */
export function childrenOf(pid) {
	return read(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/*
 * Microseconds that single-threaded processes spent on a CPU, by pid: schedstat counts what stat
 * shows as user and system time, without rounding it to ticks of 10 ms.
 */
export function cpuTimes(pids) {
	return new Map(pids.map((pid) => [pid, Number(read(pid, 'schedstat').split(' ')[0]) / 1000]));
}

/* What the processes spent between two cpuTimes; one that began meanwhile counts whole. */
export function cpuBetween(before, after) {
	let total = 0;
	for (const [pid, time] of after) total += time - (before.get(pid) ?? 0);
	return total;
}

/* kB: all, with shared pages counted in shares, and what is the process's own (heap, stack, data). */
export function proportionalSize(pid) {
	const text = read(pid, 'smaps_rollup');
	return { pss: field(text, 'Pss'), own: field(text, 'Pss_Anon') };
}

/* kB resident: now, and at most since resetPeak. */
export function residentSize(pid) {
	const text = read(pid, 'status');
	return { now: field(text, 'VmRSS'), peak: field(text, 'VmHWM') };
}

export function resetPeak(pid) {
	writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/* Runs `work` while one of the processes has to do everything: the others are stopped. */
export async function withOneOf(pids, work) {
	const [one, ...others] = pids;
	for (const pid of others) process.kill(pid, 'SIGSTOP');
	try {
		return await work(one);
	} finally {
		for (const pid of others) process.kill(pid, 'SIGCONT');
	}
}
