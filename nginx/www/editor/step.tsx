/* A node on the canvas: what it is, what is wrong with it, and how it stands in the run that is shown. */
import { memo } from 'react';
import { Handle, Position, type Node, type NodeProps } from '@xyflow/react';
import { formatTook } from '../format';
import { Icon } from '../ui/icon';
import type { Port, StepLog, VoiceProfile, WireNode } from '../workflows/types';
import { categoryOf } from './categories';
import { faultsOf, portsOf, type Types } from './connect';
import { useEditor, useStep } from './context';
import { configOf, isDisabled, titleOf, typeOf } from './document';

export type StepNode = Node<{ wire: WireNode }, 'step'>;

/* What a reader wants to know of its settings, in a line. */
function summaryOf(node: WireNode, types: Types, profiles: VoiceProfile[] | null): string {
	const type = types.get(typeOf(node));
	const config = configOf(node);
	const text = (name: string) => (typeof config[name] === 'string' ? (config[name] as string).trim() : '');
	if (typeof config.voiceProfileId === 'string' && config.voiceProfileId) return profiles?.find(({ id }) => id === config.voiceProfileId)?.name ?? 'A voice';
	const line = text('prompt') || text('text') || text('url') || text('cron') || text('variableName') || text('message') || text('label');
	return line || (type && type.title !== titleOf(node) ? type.title : '') || type?.description || '';
}

function Ports({ ports, kind }: { ports: Port[]; kind: 'source' | 'target' }) {
	const place = kind === 'source' ? Position.Right : Position.Left;
	return ports.map(({ id, label }, i) => {
		const top = `${((i + 1) / (ports.length + 1)) * 100}%`;
		return (
			<Handle key={id} id={id} type={kind} position={place} style={{ top }} title={label} className={`port ${kind}`}>
				{ports.length > 1 && <span className="port-label">{label}</span>}
			</Handle>
		);
	});
}

function Sign({ step, faults }: { step: StepLog | undefined; faults: string[] }) {
	if (step?.status === 'running') return <span className="spinner step-sign" role="img" aria-label="Running" />;
	if (step?.status === 'error') return <Icon name="warning" className="step-sign bad" />;
	if (step?.status === 'success') return <Icon name="check" className="step-sign good" />;
	if (faults.length > 0) return <Icon name="warning" className="step-sign warn" />;
	return null;
}

function footOf(step: StepLog | undefined): string {
	if (!step) return '';
	if (step.status === 'running') return step.progress ? `${step.progress.unit === 'segments' ? 'Segment' : 'Part'} ${Math.min(step.progress.done + 1, step.progress.total)} of ${step.progress.total}` : 'Running …';
	if (step.status === 'error') return step.error ?? 'Failed';
	if (step.status === 'success') return step.reusedFrom ? 'Kept from the run before' : formatTook(step.durationMs ?? 0);
	return 'Not reached';
}

export const Step = memo(function Step({ data: { wire }, selected }: NodeProps<StepNode>) {
	const { types, profiles, runs } = useEditor();
	const step = useStep(runs, wire.id);
	const type = types.get(typeOf(wire));
	const category = categoryOf(type?.category ?? wire.data?.definition?.category);
	const { inputs, outputs } = portsOf(wire, types);
	const faults = faultsOf(wire, types);
	const off = isDisabled(wire);
	const state = step?.status ?? 'none';
	const foot = footOf(step);
	const summary = off ? 'Switched off' : summaryOf(wire, types, profiles.data);
	return (
		<div className={`step ${selected ? 'selected' : ''} ${off ? 'off' : ''}`} data-state={state} data-category={type?.category ?? 'other'}>
			<Ports ports={inputs} kind="target" />
			<div className="step-head">
				<span className="step-icon">
					<Icon name={category.icon} />
				</span>
				<div className="step-text">
					<strong className="cut" title={titleOf(wire)}>
						{titleOf(wire)}
					</strong>
					<span className={!step && faults.length > 0 ? 'cut step-summary warn' : 'cut step-summary'} title={faults.join('\n') || summary}>
						{!step && faults[0] ? faults[0] : summary}
					</span>
				</div>
				<Sign step={step} faults={faults} />
			</div>
			{foot && (
				<div className="step-foot cut" title={foot}>
					{foot}
				</div>
			)}
			{step?.status === 'running' && step.progress && <progress max={step.progress.total} value={step.progress.done} aria-label="Segments done" />}
			<Ports ports={outputs} kind="source" />
		</div>
	);
});
