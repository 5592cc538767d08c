//! The report for people, in English or Chinese.

use std::io::{self, Write};

use wechatpay_mock::diagnosis::{Diagnosis, Verdict};
use wechatpay_protocol::{Timestamp, display::printable};
use wechatpay_texts::Language;

use super::{
    capture::Place,
    content::Kind,
    examine::Examination,
    keys::{Keys, Source},
    outcome::Outcome,
    resource::Opened,
};
use crate::output::{BAD, DIM, GOOD, printable_lines};

/// The most characters shown of a text from the capture.
const SHOWN: usize = 300;

/// Writes what was found out about each message, and a summary.
///
/// # Errors
/// If `out` cannot be written.
pub(crate) fn write(
    out: &mut dyn Write,
    examinations: &[Examination],
    skipped: usize,
    keys: &Keys,
    now: Timestamp,
    shows_resource: bool,
) -> io::Result<()> {
    let mut report = Report { out, now, shows_resource };
    if keys.source == Source::Development {
        report.line(
            "keys: the development credentials, since none were given: --credentials, --certificate, --public-key",
            "密钥：没有提供，使用开发用凭据；可用 --credentials、--certificate、--public-key 提供",
        )?;
    }
    for (number, examination) in (1..).zip(examinations) {
        report.examination(number, examination)?;
    }
    let wrong = examinations.iter().filter(|one| !one.holds()).count();
    let (count, right) = (examinations.len(), examinations.len() - wrong);
    let (mut english, mut chinese) = (
        format!("{count} found: {right} right, {wrong} wrong"),
        format!("共 {count} 条：{right} 条正确，{wrong} 条有误"),
    );
    if skipped > 0 {
        english += &format!("; other messages left out: {skipped}");
        chinese += &format!("；跳过其他报文 {skipped} 条");
    }
    report.line(&english, &chinese)
}

struct Report<'o> {
    out: &'o mut dyn Write,
    now: Timestamp,
    shows_resource: bool,
}

impl Report<'_> {
    fn text<'t>(&self, english: &'t str, chinese: &'t str) -> &'t str {
        match Language::current() {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }

    fn colon(&self) -> &'static str {
        self.text(": ", "：")
    }

    fn line(&mut self, english: &str, chinese: &str) -> io::Result<()> {
        let text = self.text(english, chinese);
        writeln!(self.out, "{text}")
    }

    /// A line below a message.
    fn detail(&mut self, english: [&str; 2], chinese: [&str; 2]) -> io::Result<()> {
        let [label, text] = match Language::current() {
            Language::English => english,
            Language::Chinese => chinese,
        };
        let colon = self.colon();
        writeln!(self.out, "  {DIM}{label}{colon}{DIM:#}{}", printable(text, usize::MAX))
    }

    fn examination(&mut self, number: usize, one: &Examination) -> io::Result<()> {
        let kind = match one.kind {
            Kind::Request => self.text("request", "请求"),
            Kind::Answer => self.text("answer", "应答"),
            Kind::Callback => self.text("callback", "回调"),
        };
        let place = match one.place {
            Some(Place::Entry(entry)) => {
                format!("{}{entry}", self.text("entry ", "第 ")) + self.text("", " 项")
            }
            Some(Place::Line(line)) => format!("{}{line}", self.text("line ", "第 ")) + self.text("", " 行"),
            None => self.text("the whole file", "整个文件").into(),
        };
        let title = [one.title.as_deref(), one.event_type.as_deref()].into_iter().flatten();
        let title: Vec<_> = title.map(|text| printable(text, SHOWN)).collect();
        let [open, close] = [self.text(" (", "（"), self.text(")", "）")];
        let colon = if title.is_empty() { "" } else { self.colon() };
        writeln!(self.out, "#{number} {kind}{open}{place}{close}{colon}{}", title.join(" "))?;
        self.signature(&one.signature)?;
        if let Some(serial) = &one.serial {
            let serial = printable(serial, SHOWN);
            self.detail(["named key", &serial], ["头中的密钥", &serial])?;
        }
        if let Some(timestamp) = one.timestamp {
            self.timestamp(timestamp)?;
        }
        if let Some((found, promised)) = one.short_body {
            let english = format!(
                "{found} bytes, but Content-Length is {promised}: the capture lacks some, as that of curl -v does"
            );
            let chinese =
                format!("{found} 字节，而 Content-Length 为 {promised}：记录不完整（curl -v 不显示请求体）");
            self.detail(["body", &english], ["报文主体", &chinese])?;
        }
        match &one.resource {
            Some(resource) => self.resource(resource),
            None => Ok(()),
        }
    }

    fn signature(&mut self, outcome: &Outcome) -> io::Result<()> {
        let label = self.text("signature", "签名");
        let (style, state) = match outcome {
            Outcome::Holds { .. } => (GOOD, self.text("holds", "正确")),
            Outcome::WrongSerial { .. } | Outcome::Fails(_) | Outcome::Malformed(_) => {
                (BAD, self.text("does not hold", "错误"))
            }
            Outcome::NoKey { .. } => (BAD, self.text("not verified", "未验证")),
            Outcome::Unsigned(_) => (DIM, self.text("none", "无")),
        };
        let name = match outcome {
            Outcome::Fails(diagnosis) => format!("{}{}", self.colon(), diagnosis.name()),
            other => other
                .name()
                .filter(|_| !matches!(other, Outcome::Unsigned(_)))
                .map_or_else(String::new, |name| format!("{}{name}", self.colon())),
        };
        let colon = self.colon();
        writeln!(self.out, "  {DIM}{label}{colon}{DIM:#}{style}{state}{style:#}{name}")?;
        if let Outcome::Fails(diagnosis) = outcome {
            return self.diagnosis(diagnosis);
        }
        let Some([english, chinese]) = outcome.texts() else { return Ok(()) };
        let text = printable(self.text(&english, &chinese), usize::MAX).into_owned();
        writeln!(self.out, "    {text}")
    }

    fn diagnosis(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        let mut lines: Vec<(&str, String)> = Vec::new();
        if let Some(difference) = &diagnosis.difference {
            lines.push((self.text("proof", "证据"), difference.to_string()));
        }
        let label =
            if diagnosis.verdict == Verdict::Proven { ["fix", "解决方法"] } else { ["advice", "建议"] };
        for part in diagnosis.parts() {
            lines.push((self.text(label[0], label[1]), part.remedy().into()));
        }
        for fact in diagnosis.shown_facts() {
            lines.push((self.text("certain", "已确认"), fact.to_string()));
        }
        for hint in &diagnosis.hints {
            lines.push((self.text("hint, not proof", "提示（未经证实）"), hint.remedy().into()));
        }
        let colon = self.colon();
        for (label, text) in lines {
            writeln!(self.out, "    {DIM}{label}{colon}{DIM:#}{}", printable(&text, usize::MAX))?;
        }
        Ok(())
    }

    fn timestamp(&mut self, timestamp: Timestamp) -> io::Result<()> {
        let (time, age) = (timestamp.to_rfc3339(), timestamp.skew(self.now).as_secs());
        let (days, hours, minutes) = (age / 86_400, age / 3600 % 24, age / 60 % 60);
        let (ago, before) = if timestamp > self.now { ("ahead", "之后") } else { ("ago", "之前") };
        let [english, chinese] = match (days, hours) {
            (0, 0) => [format!("{minutes} min {ago}"), format!("{minutes} 分钟{before}")],
            (0, _) => {
                [format!("{hours} h {minutes} min {ago}"), format!("{hours} 小时 {minutes} 分钟{before}")]
            }
            _ => [format!("{days} days {ago}"), format!("{days} 天{before}")],
        };
        self.detail(["time", &format!("{time}, {english}")], ["时间", &format!("{time}，{chinese}")])
    }

    fn resource(&mut self, resource: &Opened) -> io::Result<()> {
        let label = self.text("resource", "加密数据");
        let (style, state) = match resource {
            Opened::NoKey => {
                (DIM, self.text("not decrypted: no APIv3 key was given", "未解密：没有提供 APIv3 密钥"))
            }
            Opened::Decrypted { diagnosis: None, .. } => (GOOD, self.text("decrypts", "可解密")),
            Opened::Decrypted { .. } | Opened::Failed(_) => (BAD, self.text("does not decrypt", "无法解密")),
        };
        let name = resource
            .diagnosis()
            .map_or_else(String::new, |diagnosis| format!("{}{}", self.colon(), diagnosis.name()));
        let colon = self.colon();
        writeln!(self.out, "  {DIM}{label}{colon}{DIM:#}{style}{state}{style:#}{name}")?;
        if let Some(diagnosis) = resource.diagnosis() {
            self.diagnosis(diagnosis)?;
            // Where a key is misspelt.
            if diagnosis.verdict == Verdict::Proven {
                for fact in &diagnosis.facts {
                    let text = self.text(&fact.english, &fact.chinese).to_owned();
                    writeln!(self.out, "    {text}")?;
                }
            }
        }
        match resource {
            Opened::Decrypted { plaintext, .. } if self.shows_resource => {
                writeln!(self.out, "    {}", printable_lines(plaintext))
            }
            Opened::NoKey | Opened::Decrypted { .. } | Opened::Failed(_) => Ok(()),
        }
    }
}
