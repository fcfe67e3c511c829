/* Connecting by name instead of by line: which output goes to which step. What cannot be connected says why. */
import { useState } from 'react';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Field, SelectField } from '../ui/field';
import { Empty } from '../ui/states';
import { makeEdge, portsOf, refusal, type Wish } from './connect';
import { useEditor } from './context';
import { nodesOf, titleOf } from './document';

interface Target {
	key: string;
	label: string;
	wish: Wish;
	reason: string | null;
}

export function ConnectDialog({ nodeId, onClose }: { nodeId: string; onClose: () => void }) {
	const { document, types } = useEditor();
	const graph = document.graph;
	const node = document.node(nodeId)!;
	const { outputs } = portsOf(node, types);
	const [output, setOutput] = useState(outputs[0]?.id ?? '');
	const targets = nodesOf(graph).filter(({ id }) => id !== nodeId).flatMap((other): Target[] => {
		const { inputs } = portsOf(other, types);
		return inputs.map(({ id, label }) => {
			const wish = { source: nodeId, target: other.id, sourceHandle: output, targetHandle: id };
			const name = inputs.length > 1 ? `${titleOf(other)} · ${label}` : titleOf(other);
			return { key: `${other.id} ${id}`, label: name, wish, reason: refusal(graph, types, wish) };
		});
	});
	const possible = targets.filter(({ reason }) => reason === null);
	const [chosen, setChosen] = useState(possible[0]?.key ?? '');
	const target = possible.find(({ key }) => key === chosen) ?? possible[0];

	function connect() {
		if (!target) return;
		document.connect(makeEdge(graph, target.wish));
		onClose();
	}

	return (
		<Dialog
			title={`Connect “${titleOf(node)}”`}
			onClose={onClose}
			actions={
				<>
					<Button onClick={onClose}>Cancel</Button>
					<Button kind="primary" type="submit" form="connect-form" disabled={!target}>
						Connect
					</Button>
				</>
			}
		>
			<form id="connect-form" className="stack" onSubmit={(event) => (event.preventDefault(), connect())}>
				{outputs.length > 1 && <SelectField label="Output" choices={outputs.map(({ id, label }) => ({ value: id, label }))} value={output} onChange={(event) => setOutput(event.target.value)} />}
				{possible.length === 0 ? (
					<Empty icon="link" title="Nothing to connect to">
						{targets[0]?.reason ?? 'Add another step first.'}
					</Empty>
				) : (
					<Field label="To" help={targets.length > possible.length ? `Not possible: ${targets.filter(({ reason }) => reason).map(({ label, reason }) => `${label} (${reason})`).join(' ')}` : undefined}>
						{(ids) => (
							<select {...ids} value={target?.key} onChange={(event) => setChosen(event.target.value)} autoFocus>
								{possible.map(({ key, label }) => (
									<option key={key} value={key}>
										{label}
									</option>
								))}
							</select>
						)}
					</Field>
				)}
			</form>
		</Dialog>
	);
}
