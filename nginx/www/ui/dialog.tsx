/* A modal dialog: the browser's own, which keeps the focus inside and gives it back. Escape calls onClose. */
import { useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { Button } from './button';

interface DialogProps {
	title: string;
	/* Left out: the dialog cannot be dismissed. */
	onClose?: () => void;
	children: ReactNode;
	/* Buttons; the last one is the main one. */
	actions?: ReactNode;
	wide?: boolean;
	className?: string;
}

export function Dialog({ title, onClose, children, actions, wide, className = '' }: DialogProps) {
	const ref = useRef<HTMLDialogElement>(null);
	const id = useId();
	useEffect(() => {
		const dialog = ref.current;
		if (dialog && !dialog.open) {
			dialog.showModal();
			/* The first field rather than the button that closes; where one is filled in, the next one that is empty. */
			const fields = [...dialog.querySelectorAll<HTMLInputElement>('.dialog-content :is(input, select, textarea):not([type="checkbox"], [readonly])')];
			(fields.find(({ value }) => !value) ?? fields[0])?.focus();
		}
		return () => dialog?.close();
	}, []);
	return (
		<dialog
			ref={ref}
			className={`dialog ${wide ? 'wide' : ''} ${className}`}
			aria-labelledby={id}
			onCancel={(event) => {
				if (event.target !== ref.current) return; /* a file chooser inside was cancelled */
				event.preventDefault();
				onClose?.();
			}}
			onMouseDown={(event) => event.target === ref.current && onClose?.()}
			onKeyDown={(event) => {
				event.stopPropagation();
				/* A second Escape would close it whatever onCancel says. */
				if (event.key !== 'Escape' || event.defaultPrevented) return;
				event.preventDefault();
				onClose?.();
			}}
			onClose={(event) => {
				/* Closed by the browser's own means, such as a gesture: it stays until onClose takes it away. */
				if (event.target === ref.current && ref.current?.isConnected) {
					ref.current.showModal();
					onClose?.();
				}
			}}
		>
			<div className="dialog-body">
				<header>
					<h2 id={id}>{title}</h2>
					{onClose && (
						<Button kind="quiet" size="small" icon="close" iconOnly onClick={onClose}>
							Close
						</Button>
					)}
				</header>
				<div className="dialog-content">{children}</div>
				{actions && <footer>{actions}</footer>}
			</div>
		</dialog>
	);
}

interface Question {
	title: string;
	text: ReactNode;
	/* What the confirming button does: "Delete key". */
	confirm: string;
	danger?: boolean;
}

function Confirm({ title, text, confirm: label, danger, answer }: Question & { answer: (yes: boolean) => void }) {
	const [open, setOpen] = useState(true);
	const settle = (yes: boolean) => {
		setOpen(false);
		answer(yes);
	};
	if (!open) return null;
	return (
		<Dialog
			title={title}
			onClose={() => settle(false)}
			actions={
				<>
					<Button onClick={() => settle(false)}>Cancel</Button>
					<Button kind={danger ? 'danger' : 'primary'} onClick={() => settle(true)}>
						{label}
					</Button>
				</>
			}
		>
			<p>{text}</p>
		</Dialog>
	);
}

/* Asks, and resolves to the answer. */
export function confirm(question: Question): Promise<boolean> {
	const place = document.createElement('div');
	document.body.append(place);
	const root = createRoot(place);
	return new Promise((done) => {
		root.render(
			<Confirm
				{...question}
				answer={(yes) => {
					done(yes);
					setTimeout(() => (root.unmount(), place.remove()));
				}}
			/>,
		);
	});
}
