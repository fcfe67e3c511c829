/* A labelled input with its help and its fault beside it. */
import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes } from 'react';

interface Frame {
	label: ReactNode;
	help?: ReactNode;
	/* What is wrong with the value, in a sentence; the API's or our own. */
	error?: string | null | undefined;
	optional?: boolean;
}

export interface ControlIds {
	id: string;
	'aria-invalid': true | undefined;
	'aria-describedby': string | undefined;
}

/* For controls of your own: `children` gets the ids that tie label, help and fault to it. */
export function Field({ label, help, error, optional, children }: Frame & { children: (ids: ControlIds) => ReactNode }) {
	const id = useId();
	const describedBy = [error && `${id}-error`, help && `${id}-help`].filter(Boolean).join(' ');
	return (
		<div className={error ? 'field invalid' : 'field'}>
			<label htmlFor={id}>
				{label}
				{optional && <span className="optional"> optional</span>}
			</label>
			{children({ id, 'aria-invalid': error ? true : undefined, 'aria-describedby': describedBy || undefined })}
			{error && (
				<p className="field-error" id={`${id}-error`}>
					{error}
				</p>
			)}
			{help && (
				<p className="field-help" id={`${id}-help`}>
					{help}
				</p>
			)}
		</div>
	);
}

export function TextField({ label, help, error, optional, ...rest }: Frame & InputHTMLAttributes<HTMLInputElement>) {
	return (
		<Field label={label} help={help} error={error} optional={optional}>
			{(ids) => <input type="text" {...rest} {...ids} />}
		</Field>
	);
}

export function TextArea({ label, help, error, optional, ...rest }: Frame & TextareaHTMLAttributes<HTMLTextAreaElement>) {
	return (
		<Field label={label} help={help} error={error} optional={optional}>
			{(ids) => <textarea rows={4} {...rest} {...ids} />}
		</Field>
	);
}

export interface Choice {
	value: string;
	label: string;
	disabled?: boolean;
}

export function SelectField({ label, help, error, optional, choices, ...rest }: Frame & SelectHTMLAttributes<HTMLSelectElement> & { choices: Choice[] }) {
	return (
		<Field label={label} help={help} error={error} optional={optional}>
			{(ids) => (
				<select {...rest} {...ids}>
					{choices.map(({ value, label: text, disabled }) => (
						<option key={value} value={value} disabled={disabled}>
							{text}
						</option>
					))}
				</select>
			)}
		</Field>
	);
}

export function CheckField({ label, help, error, ...rest }: Frame & InputHTMLAttributes<HTMLInputElement>) {
	const id = useId();
	const describedBy = [error && `${id}-error`, help && `${id}-help`].filter(Boolean).join(' ');
	return (
		<div className={error ? 'field check invalid' : 'field check'}>
			<label>
				<input type="checkbox" {...rest} aria-describedby={describedBy || undefined} aria-invalid={error ? true : undefined} />
				<span>{label}</span>
			</label>
			{error && (
				<p className="field-error" id={`${id}-error`}>
					{error}
				</p>
			)}
			{help && (
				<p className="field-help" id={`${id}-help`}>
					{help}
				</p>
			)}
		</div>
	);
}
