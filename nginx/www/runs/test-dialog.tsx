/* What came of trying one step alone. */
import { Dialog } from '../ui/dialog';
import { Loading, Notice } from '../ui/states';
import { messageOf } from '../api';
import type { StepLog } from '../workflows/types';
import { StepDetails } from './step-details';

export function TestDialog({ title, step, error, onClose }: { title: string; step: StepLog | null; error: unknown; onClose: () => void }) {
	return (
		<Dialog title={`Test of “${title}”`} wide onClose={onClose}>
			{error !== null ? <Notice kind="bad">{messageOf(error)}</Notice> : step ? <StepDetails step={step} /> : <Loading what="the result" />}
		</Dialog>
	);
}
