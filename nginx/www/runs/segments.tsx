/* The parts of a long text: each can be heard, and one that went wrong spoken afresh. */
import { useState } from 'react';
import { post } from '../api';
import { StoredAudio } from '../audio/stored';
import { formatLength } from '../format';
import { Button } from '../ui/button';
import { toastError } from '../ui/toast';
import { useResource } from '../use-resource';
import type { Execution, Segment } from '../workflows/types';

export function Segments({ execution, nodeId, onShow }: { execution: Execution; nodeId: string; onShow: (run: Execution) => void }) {
	const path = `/api/workflows/${execution.workflowId}/executions/${execution.id}/segments`;
	const { data, error } = useResource<Segment[]>(path);
	const [open, setOpen] = useState<number | null>(null);
	const segments = (data ?? []).filter((segment) => segment.nodeId === nodeId);
	if (error) return <p className="fine">The segments could not be loaded: {error.message}</p>;
	if (segments.length < 2) return null;
	async function regenerate(n: number) {
		try {
			onShow(await post<Execution>(`${path}/${n}/regenerate`));
		} catch (failed) {
			toastError(failed);
		}
	}
	return (
		<details className="fold">
			<summary>{segments.length} segments</summary>
			<ol className="plain-list segment-list">
				{segments.map(({ n, text, durationSec, cached, audioKey }) => (
					<li key={n}>
						<p>
							<span className="quiet numbers">{n}.</span> {text}
						</p>
						<div className="row">
							<span className="fine grow numbers">
								{durationSec !== null && formatLength(durationSec)}
								{cached && ' · from an earlier run'}
							</span>
							{audioKey && open !== n && (
								<Button size="small" icon="play" onClick={() => setOpen(n)}>
									Hear it
								</Button>
							)}
							<Button size="small" icon="rerun" disabled={execution.status === 'RUNNING'} onClick={() => regenerate(n)}>
								Speak it afresh
							</Button>
						</div>
						{audioKey && open === n && <StoredAudio audioKey={audioKey} title={`Segment ${n}`} autoPlay />}
					</li>
				))}
			</ol>
		</details>
	);
}
