/* How a run or a step stands, in a word, a colour and a sign. */
import { Badge } from '../ui/states';
import type { ExecutionStatus, RunStatus, StepStatus } from '../workflows/types';
import type { IconName } from '../ui/icon';

type Kind = 'plain' | 'good' | 'warn' | 'bad' | 'info';
interface Look {
	label: string;
	kind: Kind;
	icon: IconName;
}

const LOOKS: Record<ExecutionStatus | RunStatus | StepStatus, Look> = {
	RUNNING: { label: 'Running', kind: 'info', icon: 'clock' },
	COMPLETED: { label: 'Completed', kind: 'good', icon: 'check' },
	FAILED: { label: 'Failed', kind: 'bad', icon: 'warning' },
	CANCELLED: { label: 'Cancelled', kind: 'warn', icon: 'stop' },
	running: { label: 'Running', kind: 'info', icon: 'clock' },
	success: { label: 'Done', kind: 'good', icon: 'check' },
	error: { label: 'Failed', kind: 'bad', icon: 'warning' },
	idle: { label: 'Not reached', kind: 'plain', icon: 'more' },
};

export function StatusBadge({ status }: { status: keyof typeof LOOKS }) {
	const { label, kind, icon } = LOOKS[status] ?? { label: status, kind: 'plain', icon: 'more' };
	return (
		<Badge kind={kind} icon={icon}>
			{label}
		</Badge>
	);
}

export function statusLabel(status: keyof typeof LOOKS): string {
	return LOOKS[status]?.label ?? status;
}
