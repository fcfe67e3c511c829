/* Recordings on their way to the API, one after the other. */
import { useEffect, useRef, useState } from 'react';
import { messageOf, upload } from '../api';
import { PROFILES, type Sample } from './types';

export const MAX_BYTES = 25 * 1024 * 1024;

export type Kind = NonNullable<Sample['kind']>;

export interface Upload {
	id: number;
	file: File;
	kind: Kind;
	/* How much of it has been sent, 0 to 1. */
	part: number;
	error: string | null;
	stop: AbortController;
}

/* Such a file is not sent at all. */
export const isTooLarge = ({ size }: File) => size > MAX_BYTES;

let next = 1;

export function useUploads(profileId: string, onDone: (sample: Sample) => void) {
	const [uploads, setUploads] = useState<Upload[]>([]);
	const last = useRef(Promise.resolve());
	const stops = useRef(new Set<AbortController>());
	const change = (id: number, to: Partial<Upload>) => setUploads((all) => all.map((one) => (one.id === id ? { ...one, ...to } : one)));
	const forget = (id: number) => setUploads((all) => all.filter((one) => one.id !== id));

	useEffect(() => () => stops.current.forEach((stop) => stop.abort()), []);

	async function send({ id, file, kind, stop }: Upload) {
		if (stop.signal.aborted) return;
		try {
			const form = new FormData();
			form.append('kind', kind);
			form.append('file', file);
			onDone(await upload<Sample>(`${PROFILES}/${profileId}/assets`, form, (part) => change(id, { part }), stop.signal));
			forget(id);
		} catch (error) {
			if (!stop.signal.aborted) change(id, { error: messageOf(error) });
		} finally {
			stops.current.delete(stop);
		}
	}

	function queue(one: Upload) {
		stops.current.add(one.stop);
		last.current = last.current.then(() => send(one));
	}

	function add(files: Iterable<File>, kind: Kind) {
		for (const file of files) {
			const error = isTooLarge(file) ? 'The file is larger than 25 MB.' : null;
			const one: Upload = { id: next++, file, kind, part: 0, error, stop: new AbortController() };
			setUploads((all) => [...all, one]);
			if (!error) queue(one);
		}
	}

	/* A recording exists nowhere else: what failed to arrive can be sent again. */
	function retry(failed: Upload) {
		const one = { ...failed, part: 0, error: null, stop: new AbortController() };
		change(one.id, one);
		queue(one);
	}

	function cancel({ id, stop }: Upload) {
		stop.abort();
		forget(id);
	}

	return { uploads, add, retry, cancel };
}
