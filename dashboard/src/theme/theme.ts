// Mantine told to look like tokens.css. Colours here repeat the tokens in a form its helpers can mix.
import { createTheme, type MantineColorsTuple } from "@mantine/core";

const accent: MantineColorsTuple = [
  "#eef2fc",
  "#dce4f7",
  "#bccbf0",
  "#9ab1ea",
  "#8aa5e8",
  "#6786d8",
  "#4f70c8",
  "#3d5db3",
  "#334f9c",
  "#294284",
];

const dark: MantineColorsTuple = [
  "#e6e9f0",
  "#c3c8d4",
  "#a8afbf",
  "#6f7788",
  "#464d5e",
  "#2f3543",
  "#232936",
  "#1b212d",
  "#141a25",
  "#10151f",
];

export const theme = createTheme({
  colors: { accent, dark },
  primaryColor: "accent",
  primaryShade: { light: 7, dark: 7 },
  autoContrast: true,
  fontFamily: '"Inter Variable", system-ui, sans-serif',
  fontFamilyMonospace: '"JetBrains Mono Variable", ui-monospace, monospace',
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.25rem" },
  headings: { fontWeight: "600" },
  radius: { xs: "3px", sm: "5px", md: "8px", lg: "8px", xl: "12px" },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: "sm", variant: "default" } },
    Modal: { defaultProps: { centered: true, radius: "md", overlayProps: { backgroundOpacity: 0.4 } } },
    Tooltip: { defaultProps: { withArrow: false, openDelay: 350 } },
  },
});
