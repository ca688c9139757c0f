// Holds types/ against openapi.json: the build fails when a field that the dashboard reads is no longer in the
// document. Nothing here exists at run time.
import type { components } from "./schema";
import type * as ours from "./types";

type Document = components["schemas"];

/** The fields of ours that the document does not know. */
type Unknown<Ours, Theirs> = Exclude<keyof Ours, keyof Theirs>;

/** Compiles only for `never`, that is, when nothing is unknown; the error names the field. */
type None<T extends never> = T;

export type Contract = [
  None<Unknown<ours.Service, Document["Service"]>>,
  None<Unknown<ours.Source, Document["Source"]>>,
  None<Unknown<ours.Fact, Document["Fact"]>>,
  None<Unknown<ours.Edge, Document["DependencyEdge"]>>,
  None<Unknown<ours.Import, Document["Import"]>>,
  None<Unknown<ours.Finding, Document["Finding"]>>,
  None<Unknown<ours.ImportChange, Document["Change"]>>,
  None<Unknown<ours.ImportRequest, Document["CreateImport"]>>,
  None<Unknown<ours.LeftOut, Document["LeftOut"]>>,
  None<Unknown<ours.ImportFile, Document["FileReport"]>>,
  None<Unknown<ours.Check, Document["Check"]>>,
  None<Unknown<ours.Probe, Document["Probe"]>>,
  None<Unknown<ours.Phases, Document["ProbePhases"]>>,
  None<Unknown<ours.HistoryPoint, Document["HistoryPoint"]>>,
  None<Unknown<ours.ServiceState, Document["ServiceState"]>>,
  None<Unknown<ours.Strip, Document["ServiceStrip"]>>,
  None<Unknown<ours.Trend, Document["ServiceTrend"]>>,
  None<Unknown<ours.Maintenance, Document["Maintenance"]>>,
  None<Unknown<ours.Slo, Document["SloBody"]>>,
  None<Unknown<ours.Budget, Document["BudgetBody"]>>,
  None<Unknown<ours.BurnRule, Document["RuleBody"]>>,
  None<Unknown<ours.Alert, Document["AlertDetail"]>>,
  None<Unknown<ours.Silence, Document["Silence"]>>,
  None<Unknown<ours.Webhook, Document["NewWebhook"]>>,
  None<Unknown<ours.Delivery, Document["DeliveryDetail"]>>,
  None<Unknown<ours.Meta, Document["MetaBody"]>>,
  None<Unknown<ours.AdminTask, Document["TaskBody"]>>,
];
