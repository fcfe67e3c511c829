/* A button that shows that its work is under way, and cannot be pressed twice meanwhile. */
import { useState, type ButtonHTMLAttributes, type MouseEvent, type ReactNode } from 'react';
import { Icon, type IconName } from './icon';

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'onClick'> {
	kind?: 'plain' | 'primary' | 'danger' | 'quiet';
	size?: 'normal' | 'small';
	icon?: IconName;
	/* Only the icon is seen; `children` names the button for everybody else, and as its tooltip. */
	iconOnly?: boolean;
	/* Work that is under way elsewhere. A promise returned by onClick counts by itself. */
	busy?: boolean;
	children: ReactNode;
	onClick?: (event: MouseEvent<HTMLButtonElement>) => void | Promise<unknown>;
}

export function Button({ kind = 'plain', size = 'normal', icon, iconOnly, busy, children, onClick, className, disabled, ...rest }: ButtonProps) {
	const [working, setWorking] = useState(false);
	const isBusy = busy || working;
	const classes = ['button', kind, size, iconOnly && 'icon-only', className].filter(Boolean).join(' ');

	function press(event: MouseEvent<HTMLButtonElement>) {
		if (isBusy) return event.preventDefault();
		const result = onClick?.(event);
		if (!(result instanceof Promise)) return;
		setWorking(true);
		void result.finally(() => setWorking(false));
	}

	return (
		<button
			type="button"
			{...rest}
			className={classes}
			disabled={disabled}
			aria-busy={isBusy || undefined}
			aria-disabled={isBusy || undefined}
			title={iconOnly && typeof children === 'string' ? children : rest.title}
			onClick={press}
		>
			{isBusy ? <span className="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
			<span className={iconOnly ? 'visually-hidden' : 'button-text'}>{children}</span>
		</button>
	);
}
