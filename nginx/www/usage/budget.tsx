/* The monthly budget: what is left of it, and how to set it. */
import { useState, type FormEvent } from 'react';
import { ApiError, messageOf, put } from '../api';
import { formatDate, formatNumber } from '../format';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { TextField } from '../ui/field';
import { Notice } from '../ui/states';
import type { Budget } from './types';

const PATH = '/api/settings/budget';
const FIELD = 'monthlyCharacters';
const ALMOST = 0.8; /* of the budget: the user is told */

/* "500.000" and "500 000" are numbers to people; null where the field is empty, NaN for what is none. */
function readCharacters(text: string): number | null {
	const digits = text.replace(/[\s.,'’]/g, '');
	return digits === '' ? null : /^\d+$/.test(digits) ? Number(digits) : NaN;
}

function BudgetDialog({ budget, onClose, onSaved }: { budget: Budget; onClose: () => void; onSaved: () => unknown }) {
	const [fault, setFault] = useState<string | null>(null);
	const [error, setError] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);

	async function save(event: FormEvent<HTMLFormElement>) {
		event.preventDefault();
		const monthlyCharacters = readCharacters(String(new FormData(event.currentTarget).get(FIELD)));
		setError(null);
		setFault(null);
		if (Number.isNaN(monthlyCharacters)) return setFault('Characters must be a whole number, such as 100000');
		setBusy(true);
		try {
			await put(PATH, { monthlyCharacters });
			onClose();
			await onSaved();
		} catch (failed) {
			setBusy(false);
			const field = failed instanceof ApiError ? failed.fields[FIELD] : undefined;
			if (field) setFault(field);
			else setError(failed);
		}
	}

	return (
		<Dialog
			title="Monthly budget"
			onClose={onClose}
			actions={
				<>
					<Button onClick={onClose}>Cancel</Button>
					<Button kind="primary" type="submit" form="budget-form" busy={busy}>
						Save
					</Button>
				</>
			}
		>
			<form id="budget-form" className="stack" onSubmit={(event) => void save(event)} noValidate>
				{error !== null && <Notice kind="bad">{messageOf(error)}</Notice>}
				<TextField
					label="Characters a month"
					name={FIELD}
					inputMode="numeric"
					autoComplete="off"
					defaultValue={budget.monthlyCharacters ?? ''}
					error={fault}
					help="A text that does not fit is refused before anything is bought. Leave it empty for no budget."
				/>
			</form>
		</Dialog>
	);
}

function Meter({ used, of, resetsAt }: { used: number; of: number; resetsAt: string }) {
	const left = Math.max(0, of - used);
	return (
		<>
			<meter className="budget-meter" min={0} max={Math.max(of, 1)} value={of === 0 ? 1 : Math.min(used, of)} high={of * ALMOST} optimum={0} aria-label="Budget used" />
			<p className="numbers">
				<strong>{formatNumber(used)}</strong> of {formatNumber(of)} characters used; {formatNumber(left)} left until {formatDate(resetsAt)}.
			</p>
			{left === 0 ? (
				<Notice kind="warn">The budget is used up: nothing more is bought until then, or until you raise it.</Notice>
			) : (
				used >= of * ALMOST && <Notice>Less than {formatNumber(Math.round((1 - ALMOST) * 100))} % of the budget is left.</Notice>
			)}
		</>
	);
}

export function BudgetSection({ budget, onSaved }: { budget: Budget; onSaved: () => unknown }) {
	const [open, setOpen] = useState(false);
	const { monthlyCharacters: most, usedCharacters: used, resetsAt } = budget;
	return (
		<section aria-labelledby="budget-title">
			<header className="settings-head">
				<h2 id="budget-title">Budget</h2>
				<Button icon={most === null ? 'plus' : 'edit'} onClick={() => setOpen(true)}>
					{most === null ? 'Set a budget' : 'Change the budget'}
				</Button>
			</header>
			<div className="stack tight">
				{most === null ? (
					<p className="quiet numbers">No budget: {formatNumber(used)} characters were billed this month, and nothing is refused.</p>
				) : (
					<Meter used={used} of={most} resetsAt={resetsAt} />
				)}
			</div>
			{open && <BudgetDialog budget={budget} onClose={() => setOpen(false)} onSaved={onSaved} />}
		</section>
	);
}
