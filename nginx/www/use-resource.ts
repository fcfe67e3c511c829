/* A GET as state: data, error, and a way to load it anew. What was loaded stays while it is loaded again. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { get } from './api';

export interface Resource<T> {
	data: T | null;
	error: Error | null;
	loading: boolean;
	reload: () => Promise<void>;
	/* Sets what is shown at once; the next load replaces it. */
	setData: (change: (data: T) => T) => void;
}

/* `path` null: nothing to load. */
export function useResource<T>(path: string | null): Resource<T> {
	const [state, setState] = useState<{ path: string | null; data: T | null; error: Error | null; loading: boolean }>({
		path,
		data: null,
		error: null,
		loading: path !== null,
	});
	const running = useRef<AbortController | null>(null);

	const reload = useCallback(async () => {
		running.current?.abort();
		if (path === null) return;
		const controller = new AbortController();
		running.current = controller;
		setState((old) => ({ path, data: old.path === path ? old.data : null, error: null, loading: true }));
		try {
			const data = await get<T>(path, { signal: controller.signal });
			if (!controller.signal.aborted) setState({ path, data, error: null, loading: false });
		} catch (error) {
			if (!controller.signal.aborted) setState((old) => ({ ...old, error: error as Error, loading: false }));
		}
	}, [path]);

	useEffect(() => {
		void reload();
		return () => running.current?.abort();
	}, [reload]);

	const setData = useCallback((change: (data: T) => T) => {
		setState((old) => (old.data === null ? old : { ...old, data: change(old.data) }));
	}, []);

	return { data: state.path === path ? state.data : null, error: state.error, loading: state.loading, reload, setData };
}
