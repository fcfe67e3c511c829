/* What the kernel knows of processes: CPU time and memory. See proc(5). */
import { readFileSync, writeFileSync } from 'node:fs';

/* Microseconds: the kernel's USER_HZ is 100 on every architecture that Debian has. */
const TICK = 10_000;

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
 * Microseconds on a CPU of a single-threaded process: schedstat counts what stat shows as user and
 * system time, without rounding it to ticks. 0 when the process has just gone.
 */
function ownTime(pid) {
	try {
		return Number(read(pid, 'schedstat').split(' ')[0]) / 1000;
	} catch (error) {
		if (error.code === 'ENOENT' || error.code === 'ESRCH') return 0;
		throw error;
	}
}

/* Microseconds of user and system time, which stand side by side in stat: `first` counts from the state on, which is 0. */
function ticks(pid, first) {
	const stat = read(pid, 'stat');
	const [user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(first, first + 2);
	return (Number(user) + Number(system)) * TICK;
}

/* Microseconds on a CPU of the children that a process had, and that have ended. */
const endedTime = (pid) => ticks(pid, 13);

/* Microseconds on a CPU of everything that a supervisor ever started. */
export function cpuTime(supervisor) {
	return childrenOf(supervisor).reduce((sum, pid) => sum + ownTime(pid), endedTime(supervisor));
}

/* Microseconds on a CPU of a process with threads, rounded to ticks. */
export const threadsTime = (pid) => ticks(pid, 11);

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
