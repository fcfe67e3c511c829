/* Loads what the editor needs, then shows it. Each workflow has an editor of its own. */
import { useEffect, useState } from 'react';
import { ReactFlowProvider } from '@xyflow/react';
import { get, request } from '../api';
import type { Params } from '../router';
import { Failure, Loading } from '../ui/states';
import type { NodeType, Workflow } from '../workflows/types';
import { EditorView } from './view';

interface Loaded {
	workflow: Workflow;
	etag: string | null;
	types: NodeType[];
}

function Load({ id, run }: { id: string; run: string | null }) {
	const [loaded, setLoaded] = useState<Loaded | null>(null);
	const [error, setError] = useState<unknown>(null);
	const [attempt, setAttempt] = useState(0);
	useEffect(() => {
		const controller = new AbortController();
		const { signal } = controller;
		setError(null);
		Promise.all([request<Workflow>('GET', `/api/workflows/${encodeURIComponent(id)}`, { signal }), get<NodeType[]>('/api/node-types', { signal })])
			.then(([{ data, etag }, types]) => setLoaded({ workflow: data, etag, types }))
			.catch((failed: unknown) => signal.aborted || setError(failed));
		return () => controller.abort();
	}, [id, attempt]);
	if (error) return <Failure error={error} retry={() => setAttempt(attempt + 1)} what="the workflow" />;
	if (!loaded) return <Loading what="the workflow" />;
	return (
		<ReactFlowProvider>
			<EditorView {...loaded} runId={run} />
		</ReactFlowProvider>
	);
}

export default function EditorPage({ params }: { params: Params }) {
	return <Load key={params.id} id={params.id!} run={params.run ?? null} />;
}
